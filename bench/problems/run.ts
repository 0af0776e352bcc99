/**
 * Trains the problems of this folder at full size and holds the results to what is asked of them; ends with status 1 if
 * one falls short.   node ts/build/run.mjs bench/problems/run.ts [adding] [order] [reber] [--seeds=1,2,3]
 */
import { table } from "../table.js";
import { trainAdding, trainReber, trainTemporalOrder } from "./train.js";

interface Problem {
  name: string;
  about: string;
  seeds: number[];
  /** Of the seeds, how many must reach it. */
  needed: number;
  columns: string[];
  /** What a seed must reach. */
  required: string;
  train(seed: number): Promise<{ cells: string[]; reached: boolean }>;
}

const range = (count: number) => Array.from({ length: count }, (_, k) => k + 1);
const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

const problems: Problem[] = [
  {
    name: "adding",
    about: "adding problem, T = 100: LSTM 8, batch 32, Adam 5e-3 halved every 1500 steps, clip 1, 8000 steps",
    seeds: range(5),
    needed: 4,
    columns: ["mean squared error", "within .04"],
    required: "≤ .005",
    async train(seed) {
      const { mse, solved } = await trainAdding({ seed });
      return { cells: [mse.toFixed(5), percent(solved)], reached: mse <= 0.005 };
    },
  },
  {
    name: "order",
    about: "temporal order, T = 50, 4 classes: LSTM 4, batch 32, Adam .02, clip 1, 1500 steps",
    seeds: range(5),
    needed: 5,
    columns: ["right"],
    required: "≥ 99 %",
    async train(seed) {
      const share = await trainTemporalOrder({ seed });
      return { cells: [percent(share)], reached: share >= 0.99 };
    },
  },
  {
    name: "reber",
    about: "embedded Reber grammar: LSTM 8, one string an update, Adam .01, clip 5, at most 20,000 strings",
    seeds: range(10),
    needed: 9,
    columns: ["solved after", "steps right, other strings"],
    required: "≤ 20000",
    async train(seed) {
      const { solvedAfter, fresh } = await trainReber({ seed });
      const cells = [solvedAfter === undefined ? "never" : String(solvedAfter), percent(fresh)];
      return { cells, reached: solvedAfter !== undefined };
    },
  },
];

async function run(problem: Problem, seeds: readonly number[], given: boolean): Promise<boolean> {
  console.log(`\n${problem.about}`);
  const rows: string[][] = [];
  let reached = 0;
  for (const seed of seeds) {
    const start = performance.now();
    const result = await problem.train(seed);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (result.reached) reached++;
    rows.push([String(seed), ...result.cells, problem.required, result.reached ? "yes" : "NO", seconds]);
  }
  console.log(table(["seed", ...problem.columns, "required", "reached", "s"], rows));
  // Of other seeds than the usual ones, the same share.
  const needed = given ? Math.ceil((problem.needed / problem.seeds.length) * seeds.length) : problem.needed;
  const ok = reached >= needed;
  console.log(`${ok ? "met" : "NOT MET"}: ${reached} of ${seeds.length} seeds, ${needed} required`);
  return ok;
}

const words = process.argv.slice(2);
const names = words.filter((word) => !word.startsWith("--"));
const given = words.find((word) => word.startsWith("--seeds="))?.slice("--seeds=".length);
const seeds = given?.split(",").map(Number);
const known = problems.map(({ name }) => name);
const wrong =
  words.find((word) => !known.includes(word) && !word.startsWith("--seeds=")) ??
  (seeds?.every(Number.isSafeInteger) === false ? `--seeds=${given}` : undefined);

if (wrong) {
  console.error(`${wrong}: expected some of ${known.join(", ")}, or --seeds=1,2,3`);
  process.exitCode = 1;
} else {
  for (const problem of problems.filter(({ name }) => names.length === 0 || names.includes(name)))
    if (!(await run(problem, seeds ?? problem.seeds, seeds !== undefined))) process.exitCode = 1;
}
