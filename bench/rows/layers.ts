/** Layers that are more than one sweep over a full batch, beside the plain one: as many GFLOP/s are asked for, or nearly. */
import type { ModelDescription, Samples } from "retrograd";
import { atLeast, type Bench, type Case, type Measurement, type Row } from "../bench.js";
import { describe, training } from "../rivals/retrograd.js";
import { leastOf, type Series } from "../rounds.js";
import { digits, median } from "../table.js";
import { drawIndices, flops, label, layerFlops, middle, samples, small, type Task } from "../task.js";

interface Variant {
  name: string;
  plain: Task;
  description: ModelDescription;
  data: Samples;
  flops: number;
  /** Of the plain layer's GFLOP/s. */
  share: number;
}

const [narrow, wide] = [small[0]!, middle[0]!];

const variants: Variant[] = [
  {
    name: "bidirectional lstm",
    plain: narrow,
    description: describe(narrow, { bidirectional: true }),
    data: samples(narrow.shape),
    flops: 2 * flops(narrow),
    share: 0.95,
  },
  {
    name: "2 layers of lstm",
    plain: wide,
    description: describe(wide, { numLayers: 2 }),
    data: samples(wide.shape),
    flops: flops(wide) + layerFlops("lstm", { ...wide.shape, inputs: wide.shape.hiddenSize }, true),
    share: 0.95,
  },
  ragged(wide),
];

/** Lengths uniform from 1 to T, cut out of the full batch. */
function ragged(task: Task): Variant {
  const { batch, steps, inputs } = task.shape;
  const { x, y } = samples(task.shape);
  const lengths = Array.from(drawIndices(batch, steps), (length) => length + 1);
  const sequence = (b: number, length: number) =>
    Array.from({ length }, (_, t) => x.data.subarray((b * steps + t) * inputs, (b * steps + t + 1) * inputs));
  const work = (length: number) => layerFlops(task.cell, { ...task.shape, batch: 1, steps: length });
  return {
    name: "ragged batch of lstm",
    plain: task,
    description: describe(task),
    data: { x: lengths.map((length, b) => sequence(b, length)), y },
    flops: lengths.reduce((sum, length) => sum + work(length), 0),
    share: 0.9,
  };
}

export const layerCases: Case[] = variants.map(({ name, plain, description, data, flops }) => ({
  name: `${name} ${label(plain).slice(5)}`,
  flops,
  open: (kernel) => kernel.training(description, data, training),
}));

export const layers: Measurement[] = variants.map((variant) => ({
  name: `${variant.name} ${label(variant.plain).slice(5)}`,
  run: (bench) => measure(bench, variant),
}));

async function measure(bench: Bench, { name, plain, description, data, flops: work, share }: Variant): Promise<Row[]> {
  const [other, one] = (await bench.measure(name, [
    [name, bench.kernel.training(description, data, training)],
    ["plain", bench.kernel.training(describe(plain), samples(plain.shape), training)],
  ])) as [Series, Series];
  bench.checkLosses(name, [other, one]);
  for (const [s, flop] of [
    [other, work],
    [one, flops(plain)],
  ] as const)
    bench.peaks.get("strict")?.see(flop / leastOf(s) / 1e6);
  const ratio = median(other.rounds.map((ms, k) => work / ms / (flops(plain) / (one.rounds[k] ?? Number.NaN))));
  return [
    {
      name: `${name} ${label(plain).slice(5)}`,
      unit: "ms",
      rounds: other.rounds,
      flops: work,
      simd: "strict",
      rivals: [one],
      note: `GFLOP/s ${digits(ratio)} of the plain layer's in the same round`,
      asked: [atLeast(ratio, share, `≥ ${share}`)],
    },
  ];
}
