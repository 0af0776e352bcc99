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
  const contestants = [
    ["with", open(all)],
    ["without", open({ optimizer: sgd({ learningRate: 1e-3 }), clip: "none" })],
  ] as const;
  // A small difference of large figures.
  const rounds = Math.max(bench.effort.rounds, 9);
  const [whole, plain] = (await bench.measure(update.name, contestants, { ...bench.effort, rounds, limit: 5000 })) as [
    Series,
    Series,
  ];
  bench.checkLosses(update.name, [whole, plain]);
  const differences = whole.rounds.map((ms, k) => ms - (plain.rounds[k] ?? Number.NaN));
  const share = median(differences) / median(whole.rounds);
  // Less than nothing: the machine was too noisy to tell.
  const known = share > -0.01 ? share : undefined;
  return [
    {
      name: "optimiser, clipping and penalties of it",
      unit: "ms",
      rounds: differences,
      note: `${(100 * share).toFixed(1)} % of a step of lstm 128,64,100,32${known === undefined ? ": too noisy to tell" : ""}`,
      asked: [atMost(known, 0.02, "≤ 2 %")],
    },
  ];
}
