/** Networks with many outputs at every step: a character model, and a dense layer and softmax over 10,000 classes. */
import { dense, embedding, gru, lstm, type ModelDescription } from "retrograd";
import { atLeast, type Bench, type Case, type Measurement, type Row } from "../bench.js";
import type { Bare } from "../inside/bare.js";
import { training } from "../rivals/retrograd.js";
import { characters } from "../rivals/sizes.js";
import { leastOf, medianOf, type Series } from "../rounds.js";
import { denseFlops, draw, drawIndices, layerFlops } from "../task.js";

const rows = (list: Int32Array, length: number) =>
  Array.from({ length: list.length / length }, (_, k) => list.subarray(k * length, (k + 1) * length));

function characterCase() {
  const { tokens, embedding: units, hiddenSize, steps, batch } = characters;
  const description: ModelDescription = {
    input: { vocabulary: tokens },
    layers: [embedding({ units }), gru({ hiddenSize }), dense()],
    seed: 1,
  };
  const shape = { hiddenSize, batch, steps, inputs: units };
  const [x, y] = [1, 2].map((seed) => rows(drawIndices(batch * steps, tokens, seed), steps));
  return {
    name: "character model, gru 64",
    flops: layerFlops("gru", shape, true) + denseFlops(batch * steps, hiddenSize, tokens),
    open: (kernel: Bare) => kernel.training(description, { x: x!, y: y! }, training),
  };
}

function classesCase() {
  const [classes, shape] = [10_000, { hiddenSize: 128, batch: 16, steps: 20, inputs: 32 }];
  const { hiddenSize, batch, steps, inputs } = shape;
  const description: ModelDescription = {
    input: { size: inputs },
    layers: [lstm({ hiddenSize }), dense()],
    output: { at: "every", classes },
    seed: 1,
  };
  const x = { shape: [batch, steps, inputs], data: draw(batch * steps * inputs) };
  const y = rows(drawIndices(batch * steps, classes), steps);
  return {
    name: "10,000 classes, lstm 128,16,20,32",
    flops: layerFlops("lstm", shape) + denseFlops(batch * steps, hiddenSize, classes),
    open: (kernel: Bare) => kernel.training(description, { x, y }, training),
  };
}

const [character, classes] = [characterCase(), classesCase()];
export const outputCases: Case[] = [character, classes];

export const outputs: Measurement[] = [
  { name: character.name, run: characterModel },
  { name: classes.name, run: manyClasses },
];

async function characterModel(bench: Bench): Promise<Row[]> {
  const { name, flops, open } = character;
  const [kernel, ...others] = (await bench.measure(name, [
    ["kernel", open(bench.kernel)],
    ...(await bench.opponents(name, flops, ({ openCharacters }) => openCharacters)),
  ])) as [Series, ...Series[]];
  bench.checkLosses(name, [kernel, ...others]);
  const times = (rival: string) => {
    const other = others.find((s) => s.name === rival);
    return other && medianOf(other) / medianOf(kernel);
  };
  const asked = [
    atLeast(times("torch 1"), 1.25, "≥ 1.25 × torch 1"),
    atLeast(times("tfjs wasm"), 25, "≥ 25 × tfjs wasm"),
  ];
  return [{ name, unit: "ms", rounds: kernel.rounds, flops, simd: "strict", rivals: others, asked }];
}

/** The rate asked for is that of a product, which the peak is the measure of. */
async function manyClasses(bench: Bench): Promise<Row[]> {
  const { name, flops, open } = classes;
  const [kernel] = (await bench.measure(name, [["kernel", open(bench.kernel)]])) as [Series];
  bench.checkLosses(name, [kernel]);
  bench.peaks.get("strict")?.see(flops / leastOf(kernel) / 1e6);
  return [{ name, unit: "ms", rounds: kernel.rounds, flops, simd: "strict", share: 0.9 }];
}
