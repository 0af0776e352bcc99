"""PyTorch beside the bench: answers a line of JSON for each line of JSON, so that rounds can alternate.

    python torch_rows.py THREADS

First it says its version. Then: {"do": "open", "kind": "steps" | "characters" | "online", ...} gives an id,
{"do": "run", "id", "steps"} the milliseconds of so many steps and the losses before them, {"do": "close", "id"} forgets one.
Arrays come as base64 of little-endian 32-bit words. The data and the weights are the bench's own.
"""

import base64
import json
import sys
import time

import torch
from torch import nn


def array(text, shape, kind=torch.float32):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=kind).reshape(shape).clone()


def adam(parameters, options):
    rates = {"lr": options["learningRate"], "betas": (options["beta1"], options["beta2"]), "eps": options["epsilon"]}
    return torch.optim.Adam(parameters, **rates)


def trained(step):
    def run(steps):
        losses = []
        begun = time.perf_counter()
        for _ in range(steps):
            losses.append(step())
        return {"ms": (time.perf_counter() - begun) * 1000, "losses": losses}

    return run


def steps(order):
    """Many to one: one recurrent layer, a dense layer on its last state, mean squared error."""
    size, bias = order["hiddenSize"], order["bias"]
    make = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[order["cell"]]
    layers = nn.ModuleList(
        [make(order["inputs"], size, batch_first=True, bias=bias), nn.Linear(size, 1, bias=bias)]
    )
    layers.load_state_dict({name: array(w["data"], w["shape"]) for name, w in order["weights"].items()})
    x = array(order["x"], (order["batch"], order["steps"], order["inputs"]))
    y = array(order["y"], (order["batch"], 1))
    optimizer = adam(layers.parameters(), order["adam"])
    recurrent, dense = layers

    def step():
        optimizer.zero_grad(set_to_none=True)
        states, _ = recurrent(x)
        loss = nn.functional.mse_loss(dense(states[:, -1]), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return trained(step)


def characters(order):
    """The next of so many tokens at each step."""
    shape = (order["batch"], order["steps"])
    x, y = (array(order[name], shape, torch.int32).long() for name in "xy")
    embedding = nn.Embedding(order["tokens"], order["embedding"])
    gru = nn.GRU(order["embedding"], order["hiddenSize"], batch_first=True)
    dense = nn.Linear(order["hiddenSize"], order["tokens"])
    optimizer = adam([p for m in (embedding, gru, dense) for p in m.parameters()], order["adam"])

    def step():
        optimizer.zero_grad(set_to_none=True)
        logits = dense(gru(embedding(x))[0])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        loss.backward()
        optimizer.step()
        return loss.item()

    return trained(step)


def online(order):
    """One time step, learned from at once; the state goes on, its history does not."""
    cell, dense = nn.LSTMCell(order["inputs"], order["hiddenSize"]), nn.Linear(order["hiddenSize"], 1)
    optimizer = torch.optim.SGD([*cell.parameters(), *dense.parameters()], lr=order["learningRate"])
    xs, ys = array(order["x"], (-1, 1, order["inputs"])), array(order["y"], (-1, 1, 1))
    state = (torch.zeros(1, order["hiddenSize"]), torch.zeros(1, order["hiddenSize"]))
    at = 0

    def step():
        nonlocal state, at
        optimizer.zero_grad(set_to_none=True)
        h, c = cell(xs[at % len(xs)], state)
        loss = nn.functional.mse_loss(dense(h), ys[at % len(ys)])
        loss.backward()
        optimizer.step()
        state = (h.detach(), c.detach())
        at += 1

    run = trained(step)
    return lambda steps: {**run(steps), "losses": []}


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(1)
    opened, answers = {}, sys.stdout

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    answer({"version": torch.__version__, "threads": torch.get_num_threads()})
    for line in sys.stdin:
        order = json.loads(line)
        try:
            if order["do"] == "open":
                kind = {"steps": steps, "characters": characters, "online": online}[order["kind"]]
                opened[len(opened)] = kind(order)
                answer({"id": len(opened) - 1})
            elif order["do"] == "run":
                answer(opened[order["id"]](order["steps"]))
            else:
                opened[order["id"]] = None
                answer({})
        except Exception as error:  # the bench says it and goes on without this row
            answer({"error": f"{type(error).__name__}: {error}"})


main()
