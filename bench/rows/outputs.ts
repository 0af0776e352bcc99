/** Networks with many outputs at every step: a character model, and a dense layer and softmax over 10,000 classes. */
import { dense, embedding, gru, lstm, type ModelDescription } from "retrograd";
import { atLeast, type Bench, type Measurement, type Row } from "../bench.js";
import { training } from "../rivals/retrograd.js";
import { characters } from "../rivals/sizes.js";
import { leastOf, medianOf, type Series } from "../rounds.js";
import { denseFlops, draw, drawIndices, layerFlops } from "../task.js";

export const outputs: Measurement[] = [
  { name: "character model, gru 64", run: characterModel },
  { name: "10,000 classes, lstm 128", run: manyClasses },
];

async function characterModel(bench: Bench): Promise<Row[]> {
  const { tokens, embedding: units, hiddenSize, steps, batch } = characters;
  const description: ModelDescription = {
    input: { vocabulary: tokens },
    layers: [embedding({ units }), gru({ hiddenSize }), dense()],
    seed: 1,
  };
  const shape = { hiddenSize, batch, steps, inputs: units };
  const work = layerFlops("gru", shape, true) + denseFlops(batch * steps, hiddenSize, tokens);
  const [x, y] = [1, 2].map((seed) => rows(drawIndices(batch * steps, tokens, seed), steps));
  const name = "character model, gru 64";
  const [kernel, ...others] = (await bench.measure([
    ["kernel", bench.kernel.training(description, { x: x!, y: y! }, training)],
    ...(await bench.opponents(name, work, ({ openCharacters }) => openCharacters)),
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
  return [{ name, unit: "ms", rounds: kernel.rounds, flops: work, simd: "strict", rivals: others, asked }];
}

/** The rate asked for is that of a product, which the peak is the measure of. */
async function manyClasses(bench: Bench): Promise<Row[]> {
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
  const [kernel] = await bench.measure([["kernel", bench.kernel.training(description, { x, y }, training)]]);
  bench.checkLosses("10,000 classes", [kernel!]);
  const work = layerFlops("lstm", shape) + denseFlops(batch * steps, hiddenSize, classes);
  bench.peaks.get("strict")?.see(work / leastOf(kernel!) / 1e6);
  const name = "10,000 classes, lstm 128,16,20,32";
  return [{ name, unit: "ms", rounds: kernel!.rounds, flops: work, simd: "strict", share: 0.9 }];
}

const rows = (list: Int32Array, length: number) =>
  Array.from({ length: list.length / length }, (_, k) => list.subarray(k * length, (k + 1) * length));
