/**
 * Trains the problems of learning.ts at full size with five seeds each, and prints what each reached, the median, and what is asked.
 *   node ts/build/run.mjs bench/problems/medians.ts [WORD ...] [--seeds=1,2] [--validation] [--data=FOLDER]
 * A word is part of a problem's name or its cell. With --validation the validation part is measured instead of the test part:
 * that is how settings are chosen, with other seeds than 1 … 5. Status 1 when a median falls short of what is asked.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../inside/tree.js";
import { commitOf, describe, machine } from "../machine.js";
import { median, table } from "../table.js";
import { met, type Problem, problems, trainProblem } from "./learning.js";

interface Result {
  problem: string;
  cell: string;
  seeds: number[];
  values: number[];
  median: number;
  asked: number;
  met: boolean;
  /** Of all seeds together. */
  seconds: number;
  model: Problem["model"];
  run: Problem["run"];
}

const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const option = (name: string) => options.find((o) => o.startsWith(`--${name}=`))?.slice(name.length + 3);
const seeds = option("seeds")?.split(",").map(Number) ?? [1, 2, 3, 4, 5];
const folder = option("data") ?? join(root, "../shared/data");
const part = options.includes("--validation") ? "validation" : "test";
const known = ["--validation", "--seeds=", "--data="];
const wrong =
  options.find((o) => !known.some((name) => (name.endsWith("=") ? o.startsWith(name) : o === name))) ??
  (seeds.some((seed) => !Number.isInteger(seed) || seed < 0) ? `--seeds=${option("seeds")}` : undefined);
const chosen = problems.filter(({ name, cell }) =>
  words.every((word) => `${name} ${cell}`.toLowerCase().includes(word.toLowerCase())),
);

if (wrong || chosen.length === 0) {
  const names = problems.map(({ name, cell }) => `${name} (${cell})`).join("; ");
  console.error(wrong ? `unknown: ${wrong}` : `no problem with ${words.join(" and ")} in its name; there are ${names}`);
  process.exitCode = 2;
} else {
  await run();
}

async function run(): Promise<void> {
  const here = { ...machine(), commit: commitOf(root) };
  console.log(`${describe(here)}, commit ${here.commit}\n`);
  const results: Result[] = [];
  for (const problem of chosen) {
    const { name, cell, figure, model } = problem;
    const start = performance.now();
    const values: number[] = [];
    for (const seed of seeds) {
      const value = await trainProblem(problem, { seed, folder, part });
      if (typeof value === "string") {
        console.log(`${name}, ${cell}: ${value}`);
        break;
      }
      console.log(`${name}, ${cell}, seed ${seed}: ${figure.name} ${shown(value)}`);
      values.push(value);
    }
    if (values.length < seeds.length) continue;
    const seconds = (performance.now() - start) / 1000;
    const middle = median(values);
    const { asked } = figure;
    const ok = met(problem, middle);
    results.push({
      problem: name,
      cell,
      seeds,
      values,
      median: middle,
      asked,
      met: ok,
      seconds,
      model,
      run: problem.run,
    });
    if (!ok) process.exitCode = 1;
  }
  if (results.length === 0) return;
  const head = ["problem", "cell", "seeds", `figure of the ${part} part`, "each", "median", "asked", "", "s"];
  const rows = results.map((r) => {
    const { figure } = chosen.find(({ name, cell }) => name === r.problem && cell === r.cell)!;
    const asked = `${figure.atLeast ? "≥" : "≤"} ${r.asked}`;
    const each = r.values.map(shown).join(" ");
    return [
      r.problem,
      r.cell,
      seeds.join(" "),
      figure.name,
      each,
      shown(r.median),
      asked,
      r.met ? "met" : "NOT MET",
      r.seconds.toFixed(0),
    ];
  });
  console.log(`\n${table(head, rows)}`);
  const results_ = join(root, "bench/results");
  mkdirSync(results_, { recursive: true });
  const file = join(results_, `learning-${here.date.replace(/[:.]/g, "-")}.json`);
  writeFileSync(file, `${JSON.stringify({ machine: here, part, results }, null, 2)}\n`);
  console.log(`\nAll of it, with models and runs: ${relative(process.cwd(), file)}`);
}

/** Four significant digits. */
function shown(value: number): string {
  return value.toPrecision(4).replace(/^0\./, ".");
}
