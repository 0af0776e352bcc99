/**
 * Whether time grows as the work does: the exponent e of time ∝ work^e while steps, sequences or layers double, by least
 * squares over logarithms. 1 is linear; below 1 where small sizes have overheads.
 */
import { atMost, type Bench, type Measurement, type Row } from "../bench.js";
import { describe, training } from "../rivals/retrograd.js";
import { leastOf } from "../rounds.js";
import { digits } from "../table.js";
import { layerFlops, samples, type Task } from "../task.js";

const base = { hiddenSize: 64, batch: 32, steps: 50, inputs: 64 };
const doublings = [1, 2, 4, 8];

interface Point {
  task: Task;
  numLayers: number;
}
const along: [string, (k: number) => Point][] = [
  ["steps", (k) => ({ task: { cell: "lstm", shape: { ...base, steps: 25 * k } }, numLayers: 1 })],
  ["sequences", (k) => ({ task: { cell: "lstm", shape: { ...base, batch: 16 * k } }, numLayers: 1 })],
  ["layers", (k) => ({ task: { cell: "lstm", shape: base }, numLayers: k })],
];

export const scale: Measurement[] = along.map(([name, point]) => ({
  name: `exponent of time, lstm 64, in ${name}`,
  run: (bench) => measure(bench, name, doublings.map(point)),
}));

async function measure(bench: Bench, name: string, points: readonly Point[]): Promise<Row[]> {
  const series = await bench.measure(
    name,
    points.map(({ task, numLayers }, k) => [
      String(k),
      bench.kernel.training(describe(task, { numLayers }), samples(task.shape), training),
    ]),
  );
  bench.checkLosses(`exponent, ${name}`, series);
  const work = points.map(({ task, numLayers }) => {
    const { cell, shape } = task;
    return layerFlops(cell, shape) + (numLayers - 1) * layerFlops(cell, { ...shape, inputs: shape.hiddenSize }, true);
  });
  const exponent = (times: readonly number[]) => slope(work.map(Math.log), times.map(Math.log));
  const rounds = series[0]!.rounds.map((_, k) => exponent(series.map((s) => s.rounds[k] ?? leastOf(s))));
  return [
    {
      name: `exponent of time, lstm 64, in ${name}`,
      unit: "",
      rounds,
      note: `of least times ${digits(exponent(series.map(leastOf)))}`,
      asked: [atMost(exponent(series.map(leastOf)), 1.1, "linear: ≤ 1.1")],
    },
  ];
}

function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [mx, my] = [mean(x), mean(y)];
  const products = x.map((value, k) => (value - mx) * (y[k]! - my));
  return mean(products) / mean(x.map((value) => (value - mx) ** 2));
}
