/** What the optimiser, clipping and penalties take of a step: Adam with all of them, less plain gradient descent without. */
import { adam, sgd } from "retrograd";
import { atMost, type Bench, type Measurement, type Row } from "../bench.js";
import { describe } from "../rivals/retrograd.js";
import type { Series } from "../rounds.js";
import { median } from "../table.js";
import { adamOptions, middle, samples } from "../task.js";

export const update: Measurement = { name: "optimiser, clipping and penalties, lstm 128,64,100,32", run: measure };

async function measure(bench: Bench): Promise<Row[]> {
  const task = middle[0]!;
  const open = (options: object) => bench.kernel.training(describe(task), samples(task.shape), options);
  const all = { optimizer: adam(adamOptions), clip: { norm: 5 }, penalty: { l1: 1e-6, l2: 1e-6 } };
  const [whole, plain] = (await bench.measure([
    ["with", open(all)],
    ["without", open({ optimizer: sgd({ learningRate: 1e-3 }), clip: "none" })],
  ])) as [Series, Series];
  const rounds = whole.rounds.map((ms, k) => ms - (plain.rounds[k] ?? Number.NaN));
  const share = median(rounds) / median(whole.rounds);
  return [
    {
      name: "optimiser, clipping and penalties of it",
      unit: "ms",
      rounds,
      note: `${(100 * share).toFixed(1)} % of a step of lstm 128,64,100,32`,
      asked: [atMost(share, 0.02, "≤ 2 %")],
    },
  ];
}
