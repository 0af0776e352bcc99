/** The worker's side, with a kernel of a few lines: answers, and one model's runs. */
import { describe, expect, it, vi } from "vitest";
import { judge, Refusal, Trap } from "../../../ts/kernel/guard.js";
import type { RunRequest } from "../../../ts/worker/protocol.js";
import { bytes, json, later, made, makeHost, ports, records, slow, start, value } from "./a-host.js";
import { alive, FakeReader, type FakeRun } from "./fake-kernel.js";

describe("calls", () => {
  it("answers with a value whose buffer moves", () => {
    const { host, moved } = makeHost();
    const id = 7;
    const { parameterCount, description } = value(host.create(id, '{"seed":1}'));
    expect({ parameterCount, description }).toEqual({ parameterCount: 7, description: '{"seed":1}' });
    const file = value(host.save(id, true));
    expect(json(file)).toEqual({ description: '{"seed":1}', weights: 0, training: true });
    expect(moved).toEqual([file.buffer]);
    expect(value(host.load(8, file)).description).toBe(description);
    expect(value(host.evaluate(id, bytes({}), "{}"))).toEqual({ loss: 0, rmse: null });
  });

  it("takes data piece by piece, and gives each buffer back", async () => {
    const { host, moved } = makeHost();
    const id = made(host);
    const buffer = new Uint8Array(8);
    expect(value(host.feed(id, 5, 11, buffer, 8))).toBe(buffer);
    expect(value(host.feed(id, 5, 11, buffer, 3))).toBe(buffer);
    expect(moved.slice(-2)).toEqual([buffer.buffer, buffer.buffer]);
    expect(FakeReader.left).toBe(1);
    expect(value(host.evaluate(id, 5, "{}"))).toEqual({ loss: 0, rmse: null });
    expect(FakeReader.left).toBe(0);
    expect(host.evaluate(id, 5, "{}")).toMatchObject({
      ok: false,
      error: { class: "DisposedError", code: "disposed" },
    });
  });

  it("forgets data that it was fed for nothing", () => {
    const { host } = makeHost();
    const id = made(host);
    value(host.feed(id, 1, 20, new Uint8Array(8), 8));
    const refused = host.feed(id, 1, 20, new Uint8Array(8).fill(255), 8);
    expect(refused).toMatchObject({ ok: false, error: { message: "data: no" } });
    expect(FakeReader.left).toBe(1);
    value(host.forget(id, 1));
    value(host.forget(id, 1));
    expect(FakeReader.left).toBe(0);
    value(host.feed(id, 2, 20, new Uint8Array(8), 8));
    value(host.dispose(id));
    expect(FakeReader.left).toBe(0);
  });

  it("takes a number under which nothing is open for bad input, and goes on", () => {
    const { host, lost } = makeHost();
    const id = made(host);
    const answers = [host.parameters(99), host.trainerApply(id, 99, bytes({})), host.closeGenerator(id, 99)];
    for (const answer of answers) expect(answer).toMatchObject({ ok: false, error: { class: "DisposedError" } });
    value(host.parameters(id));
    expect(lost).toEqual([]);
  });

  it("answers bad input with its record, and goes on", () => {
    const { host, lost } = makeHost();
    const answer = host.create(1, '{"seed":-1}');
    expect(answer).toMatchObject({ ok: false, error: { class: "ConfigError", code: "wrong", path: "seed" } });
    const id = made(host);
    expect(host.predict(id, bytes(0), "refuse")).toMatchObject({
      ok: false,
      error: { expected: "yes", received: "no", step: 3 },
    });
    expect(json(value(host.predict(id, bytes([1]), "{}")))).toEqual({ got: [1], weights: 0 });
    expect(lost).toEqual([]);
  });

  it("tells of a trap once, and trusts the instance no more", () => {
    const { host, lost } = makeHost();
    const id = made(host);
    expect(host.predict(id, bytes(0), "trap")).toMatchObject({
      ok: false,
      error: { class: "WorkerError", code: "panic" },
    });
    expect(host.create(2, "{}")).toMatchObject({ ok: false, error: { class: "WorkerError" } });
    expect(lost).toHaveLength(1);
  });

  it("takes anything but a string out of wasm for a trap", () => {
    expect(judge(new RangeError("Maximum call stack size exceeded"))).toBeInstanceOf(Trap);
    const record = { class: "ShapeError", code: "c", message: "m" };
    expect(judge(JSON.stringify(record))).toEqual(new Refusal(record));
  });

  it("draws tokens until the end, in slices of time", () => {
    let clock = 0;
    const { host } = makeHost(() => clock++);
    const id = made(host);
    const generator = value(host.openGenerator(id, '{"length":25}', bytes("")));
    const first = value(host.generate(id, generator));
    expect(first.ended).toBe(false);
    expect(first.tokens.length).toBeGreaterThan(5);
    const drawn = [...first.tokens];
    for (let ended = false; !ended; ) {
      const next = value(host.generate(id, generator));
      drawn.push(...next.tokens);
      ended = next.ended;
    }
    expect(drawn).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
    expect(json(value(host.closeGenerator(id, generator)))).toEqual({ left: 0 });
    expect(host.generate(id, generator)).toMatchObject({ ok: false });
  });

  it("searches for a rate in slices of time, and frees whatever was opened for it", () => {
    let clock = 0;
    const { host } = makeHost(() => clock++);
    const id = made(host);
    const before = alive.size;
    const request = { run: "{}", range: '{"steps":25}', data: bytes({}), complete: '{"seed":2}' };
    const finder = value(host.openFinder(id, request));
    expect(alive.size, "the completed model is gone, the finder is there").toBe(before + 1);
    let calls = 1;
    while (!value(host.find(id, finder))) calls++;
    expect(calls).toBeGreaterThan(1);
    const rates = Array.from({ length: 25 }, (_, i) => i + 1);
    expect(value(host.closeFinder(id, finder, true))).toMatchObject({ rates, suggestion: null });
    expect(host.find(id, finder)).toMatchObject({ ok: false, error: { code: "disposed" } });
    const dropped = value(host.openFinder(id, { ...request, data: bytes({}) }));
    expect(value(host.closeFinder(id, dropped, false))).toBe(undefined);
    expect(host.openFinder(id, { ...request, data: bytes({}), run: '{"refuse":true}' })).toMatchObject({ ok: false });
    expect(alive.size).toBe(before);
    value(host.openFinder(id, { ...request, data: bytes({}) }));
    value(host.dispose(id));
    expect(alive.size, "with the model").toBe(before - 1);
  });
});

describe("a run", () => {
  it("tells all epochs, the end and its history", async () => {
    const { host } = makeHost();
    const id = made(host);
    const run = start(host, id, { steps: 20, metrics: ["rmse"], recordEvery: 4 });
    value(run.answer);
    const outcome = value(await run.end());
    expect(outcome).toMatchObject({ reason: "finished", warnings: [] });
    expect([...outcome.steps.step]).toEqual([4, 8, 12, 16, 20]);
    expect(outcome.steps.loss[1]).toBeCloseTo(1 / 8);
    const epochs = records(run.events).filter((r) => r.kind === "epoch");
    expect(epochs.map((r) => r.epoch)).toEqual([1, 2, 3, 4]);
    expect(epochs[0]).toMatchObject({
      step: 5,
      validationLoss: 0.5,
      metrics: { rmse: 0 },
      validationMetrics: { rmse: 10 },
    });
    expect(run.events[0]).toMatchObject({ kind: "open", info: { steps: 20, warnings: ["careful"] } });
    expect(json(value(host.parameters(id)))).toEqual({ weights: 20 });
  });

  it("is refused with a record when its description is wrong", () => {
    const { host } = makeHost();
    const id = made(host);
    expect(start(host, id, { refuse: true }).answer).toMatchObject({
      ok: false,
      error: { class: "ConfigError", path: "steps" },
    });
    expect(start(host, id, { steps: 1 }).answer.ok).toBe(true);
  });

  it.each<[string, FakeRun, Partial<RunRequest>]>([
    ["its description is wrong", { refuse: true }, {}],
    ["its data are", {}, { data: Uint8Array.of(255) }],
    ["its data are not there", {}, { data: 99 }],
    ["its validation data are wrong", {}, { validation: Uint8Array.of(255) }],
    ["they are not there", {}, { validation: 99 }],
  ])("leaves no handle behind when %s", async (_, run, more) => {
    alive.clear();
    const { host, lost } = makeHost();
    const id = made(host);
    const before = FakeReader.left;
    expect(start(host, id, run, { complete: "{}", ...more }).answer.ok).toBe(false);
    await later();
    expect(FakeReader.left).toBe(before);
    expect(alive.size).toBe(1);
    expect(lost).toEqual([]);
  });

  it.each([true, false])("that has no room for the shares of its workers is refused (shared: %s)", (shared) => {
    const { host, lost } = makeHost();
    const id = made(host);
    alive.clear();
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    const parallel = { workers: 2, index: 0 };
    const { answer } = start(host, id, { share: 2 ** 50 }, { parallel, shared, complete: "{}" }, [port2]);
    const bytes = shared ? 64 + 2 ** 53 : 2 ** 52;
    expect(answer).toMatchObject({ ok: false, error: { class: "MemoryError", code: "outOfMemory", bytes } });
    expect(alive.size).toBe(0);
    expect(start(host, id, { steps: 1 }).answer.ok).toBe(true);
    expect(lost).toEqual([]);
  });

  it("that goes on and has no room is still there to go on", async () => {
    const { host } = makeHost();
    const id = made(host);
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    const parallel = { workers: 2, index: 0 };
    const refused = start(host, id, { share: 2 ** 50 }, { resume: true, parallel, shared: true }, [port2]).answer;
    expect(refused).toMatchObject({ ok: false, error: { class: "MemoryError" } });
    expect(await start(host, id, { steps: 1 }, { resume: true }).end()).toMatchObject({ ok: true });
  });

  it("ends when a message from another worker cannot be read", async () => {
    const { host, lost } = makeHost();
    const id = made(host);
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    const run = start(host, id, {}, { parallel: { workers: 2, index: 0 }, shared: true }, [port2]);
    port2.dispatchEvent(new Event("messageerror"));
    const error = { class: "WorkerError", message: expect.stringContaining("could not be read") };
    expect(await run.end()).toMatchObject({ ok: false, error });
    expect(lost).toEqual([]);
  });

  it("leaves no timer behind when its model is disposed of while it waits", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { host } = makeHost();
      const id = made(host);
      await start(host, id, { steps: 9, batches: true, seconds: 1000 }).until("wanted");
      expect(vi.getTimerCount()).toBe(1);
      value(host.dispose(id));
      await new Promise((resolve) => setImmediate(resolve));
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("serves calls between slices, saves its own state, and refuses a second run", async () => {
    const { host } = makeHost();
    const id = made(host);
    const run = start(host, id, { steps: 1e9, busy: 1 });
    await run.until("records");
    expect(json(value(host.predict(id, bytes(0), "{}"))).weights).toBeGreaterThan(0);
    expect(json(value(host.save(id, true)))).toHaveProperty("checkpoint");
    expect(json(value(host.save(id, false)))).toHaveProperty("weights");
    for (const answer of [
      start(host, id, {}).answer,
      host.setParameters(id, bytes({}), true),
      host.openTrainer(id, "{}"),
    ]) {
      expect(answer).toMatchObject({ ok: false, error: { class: "BusyError" } });
    }
    run.order({ kind: "stop", reason: "stopped" });
    expect(value(await run.end()).reason).toBe("stopped");
    expect(start(host, id, { steps: 1 }).answer.ok).toBe(true);
  });

  it("pauses between updates and goes on", async () => {
    const { host } = makeHost();
    const id = made(host);
    const run = start(host, id, { steps: 1e9, busy: 1 });
    run.order({ kind: "pause", number: 1 });
    await run.until("paused");
    const { weights } = json(value(host.parameters(id)));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(json(value(host.parameters(id))).weights).toBe(weights);
    run.order({ kind: "resume" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(json(value(host.parameters(id))).weights).toBeGreaterThan(weights);
    run.order({ kind: "pause", number: 2 });
    run.order({ kind: "stop", reason: "stopped" });
    expect(value(await run.end()).reason).toBe("stopped");
  });

  it("sends no further records before the last ones were seen, and none is lost", async () => {
    const { host } = makeHost(slow());
    const run = start(host, made(host), { steps: 25, busy: 1 }, {}, [], false);
    await run.until("records");
    await later();
    expect(run.events.filter((e) => e.kind === "records")).toHaveLength(1);
    expect(run.events.some((e) => e.kind === "end")).toBe(false);
    const seeing = setInterval(() => run.order({ kind: "seen" }), 1);
    const outcome = await run.end();
    clearInterval(seeing);
    expect(outcome.ok).toBe(true);
    expect(
      records(run.events)
        .filter((r) => r.kind === "epoch")
        .map((r) => r.epoch),
    ).toEqual([1, 2, 3, 4, 5]);
  });

  it("is stopped while nobody sees its records", async () => {
    const { host } = makeHost(slow());
    const run = start(host, made(host), { steps: 1e9, busy: 1 }, {}, [], false);
    await run.until("records");
    run.order({ kind: "stop", reason: "stopped" });
    expect(value(await run.end()).reason).toBe("stopped");
  });

  it("ends by the clock", async () => {
    const { host } = makeHost();
    const id = made(host);
    const outcome = value(await start(host, id, { steps: 1e9, busy: 1, seconds: 0.05 }).end());
    expect(outcome.reason).toBe("seconds");
  });

  it("sends checkpoints at counted steps, one at a time", async () => {
    const { host } = makeHost();
    const id = made(host);
    const run = start(host, id, { steps: 40 }, { checkpointEvery: 7 });
    await run.end();
    const files = run.events.flatMap((e) => (e.kind === "checkpoint" ? [json(e.file).checkpoint] : []));
    expect(files).toEqual([7, 14, 21, 28, 35]);
  });

  it("asks for each batch", async () => {
    const { host } = makeHost();
    const id = made(host);
    const run = start(host, id, { steps: 6, batches: true });
    value(await run.end());
    expect(run.events.filter((e) => e.kind === "wanted").length).toBeGreaterThanOrEqual(6);
  });

  it("rejects with what the session says when it diverges, and leaves the model usable", async () => {
    const { host } = makeHost();
    const id = made(host);
    const outcome = await start(host, id, { steps: 50, divergeAt: 9 }).end();
    expect(outcome).toMatchObject({ ok: false, error: { class: "DivergenceError", step: 9 } });
    expect(start(host, id, { steps: 1 }).answer.ok).toBe(true);
  });

  it("gives the panic's text when it traps", async () => {
    const { host, lost } = makeHost();
    const id = made(host);
    const outcome = await start(host, id, { steps: 50, trapAt: 9 }).end();
    expect(outcome).toMatchObject({
      ok: false,
      error: { class: "WorkerError", message: expect.stringContaining("fake.rs:1: broken") },
    });
    expect(lost).toHaveLength(1);
  });
});
