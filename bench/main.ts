/**
 * npm run bench: one training step of Retrograd beside one of TensorFlow.js, in the same process and in turn.
 * `npm run bench -- --quick` takes fewer rounds. What is measured, and how to read it: README.md beside this file.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, machine } from "./machine.js";
import { compare, leastWall, measure, medianProcessor, medianWall, type Rounds } from "./step/measure.js";
import { byFit, byTrainer, startingWeights } from "./step/retrograd.js";
import { type Cell, cells, flops, type Library, shape } from "./step/task.js";
import { tensorflow } from "./step/tensorflow.js";
import { digits, table } from "./table.js";

/** This program runs from bench/.run/. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const unknown = process.argv.slice(2).find((word) => word !== "--quick");
if (unknown) throw new Error(`${unknown}: the only option is --quick`);
const quick = process.argv.includes("--quick");
const effort = quick ? { rounds: 3, ours: 50, rival: 4 } : { rounds: 9, ours: 200, rival: 10 };

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const ours = [byFit(version), byTrainer(version)];
const rival = await findRival();
const here = machine();

console.log(
  `\nOne training step: ${shape.hiddenSize} units, batch ${shape.batch}, ${shape.steps} steps, ${shape.inputs} inputs, last state to 1 output; mean squared error, forward, backward, Adam`,
);
console.log(describe(here));
for (const { name, version, about } of rival ? [...ours, rival] : ours) console.log(`${name} ${version}: ${about}`);

const agreement: Partial<Record<Cell, number>> = {};
const results: Rounds[] = [];
for (const cell of cells) {
  if (rival) agreement[cell] = await compare(cell, [...ours, rival], await startingWeights(cell, { bias: false }));
  const plans = ours.map((library) => ({ library, steps: effort.ours }));
  // Not the rival's arithmetic, but PyTorch's and our default.
  if (cell === "gru") plans.push({ library: byFit(version, { reset: "after" }), steps: effort.ours });
  if (rival) plans.push({ library: rival, steps: effort.rival });
  results.push(...(await measure(cell, plans, await startingWeights(cell), effort.rounds)));
}
report();
save();

/** Installs what is compared with; undefined, and a plain word about it, when that fails. */
async function findRival(): Promise<Library | undefined> {
  const { status, error } = spawnSync(process.execPath, ["ts/build/packages.mjs", "bench"], {
    cwd: root,
    stdio: "inherit",
  });
  try {
    if (status !== 0) throw new Error(`npm ci in bench/ failed${error ? `: ${error.message}` : ""}`);
    return await tensorflow();
  } catch (error) {
    console.log(`\nTensorFlow.js CANNOT BE MEASURED HERE: ${error instanceof Error ? error.message : error}`);
    console.log("What follows is Retrograd alone: no comparison was made.");
    return undefined;
  }
}

function report(): void {
  const theirs = (cell: Cell) => results.find((r) => r.cell === cell && r.library === rival?.name);
  const rows = results.map((r) => {
    const other = theirs(r.cell);
    const against = (figure: (r: Rounds) => number) => (other && r !== other ? digits(figure(other) / figure(r)) : "");
    return [
      `${r.cell}  ${r.library}`,
      digits(medianWall(r)),
      digits(leastWall(r)),
      digits(medianProcessor(r)),
      digits(flops(r.cell) / leastWall(r) / 1e6),
      against(medianWall),
      against(leastWall),
      against(medianProcessor),
      `${digits(r.firstLoss)} → ${r.lastLoss.toPrecision(1)}`,
    ];
  });
  const head = ["ms a step", "median", "least", "processor", "GFLOP/s", "× median", "× least", "× processor", "loss"];
  console.log(`\n${table(head, rows)}`);

  const still = results.filter((r) => !(r.lastLoss < 0.8 * r.firstLoss));
  for (const r of still) console.log(`DOES NOT LEARN: ${r.cell}, ${r.library}: ${r.firstLoss} → ${r.lastLoss}`);
  // Ten updates from the same weights in f32: orders of summation differ, nothing else may.
  const apart = cells.filter((cell) => !((agreement[cell] ?? 0) < 1e-3));
  for (const cell of apart)
    console.log(`NOT THE SAME TASK: ${cell}: losses differ by ${agreement[cell]} of their size`);
  if (rival) {
    const most = Math.max(...cells.map((cell) => agreement[cell]!));
    console.log(`\nThe same ten updates (no biases) in both: losses within ${most.toExponential(1)} of each other.`);
    const ratio = medianWall(theirs("lstm")!) / medianWall(results[0]!);
    console.log(
      `LSTM: ${digits(ratio)} × TensorFlow.js (medians); at least 10 are asked for: ${ratio >= 10 ? "met" : "NOT MET"}`,
    );
  }
  if (still.length || apart.length) process.exitCode = 1;
}

function save(): void {
  const folder = join(root, "bench/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `step-${here.date.replace(/[:.]/g, "-")}.json`);
  const libraries = [...ours, ...(rival ? [rival] : [])].map(({ name, version, about }) => ({ name, version, about }));
  const all = { task: shape, quick, machine: here, libraries, agreement, results };
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
  console.log(`All rounds: ${relative(process.cwd(), file)}`);
}
