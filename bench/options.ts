/**
 * What each option costs: training steps with it over steps of the same task without, in turns in one process; the kernel alone. A
 * step without is Adam, no clipping, a prediction at every step. Which options: optionRows.ts.
 *   node ts/build/run.mjs bench/options.ts [--quick] [--only WORD]      WORD: part of an option's name, as "clip"
 */
import { parseArgs } from "node:util";
import type { Layer, ModelDescription, Samples } from "retrograd";
import type { Bare } from "./inside/bare.js";
import { openKernel } from "./inside/tree.js";
import { describe, machine } from "./machine.js";
import { CLASSES, type Option, optionsOf } from "./optionRows.js";
import { alternate, type Contestant, type Series } from "./rounds.js";
import { median, table } from "./table.js";
import { draw, drawIndices, label, middle, samples, small, type Task } from "./task.js";

const { values } = parseArgs({ options: { quick: { type: "boolean" }, only: { type: "string" } } });
const { quick = false, only = "" } = values;
/** An even number of rounds: in every second one the side with the option comes first. */
const effort = quick
  ? { rounds: 2, lap: 30, warm: 30, limit: 1000, swap: true }
  : { rounds: 6, lap: 110, warm: 150, limit: 10_000, swap: true };
const tasks = [middle[0], small[1]] as [Task, Task];

function samplesOf({ shape }: Task, { data, targets, weights }: Option): Samples {
  const { batch, steps } = shape;
  const each = <T>(of: (i: number) => T) => Array.from({ length: batch }, (_, i) => of(i));
  const x = data === "tokens" ? each((i) => drawIndices(steps, CLASSES, i)) : samples(shape).x;
  const numbers = draw(batch * steps, 1);
  let y: Samples["y"] = { shape: [batch, steps, 1], data: data === "positive" ? numbers.map(Math.abs) : numbers };
  if (data === "classes" || data === "tokens") y = each((i) => drawIndices(steps, CLASSES, 1000 + i));
  if (targets === "probabilities") {
    y = { shape: [batch, steps, CLASSES], data: new Float32Array(batch * steps * CLASSES).fill(1 / CLASSES) };
  }
  // Class 0 is the blank.
  if (targets === "labels") y = each((i) => drawIndices(steps / 5, CLASSES - 1, 1000 + i).map((k) => k + 1));
  const sampleWeight =
    weights === "steps"
      ? each((i) => Array.from({ length: steps }, (_, t) => 1 + ((i + t) % 2)))
      : each((i) => 1 + (i % 2));
  return { x, y, ...(weights && { sampleWeight }) };
}

function open(kernel: Bare, task: Task, option: Option, with_: boolean): Contestant {
  const { base = {}, data } = option;
  const said = with_ ? option : { ...base, ...(data && { data }) };
  const { hiddenSize, inputs } = task.shape;
  const recurrent = { kind: task.cell, hiddenSize, ...base.cell, ...said.cell } as Layer;
  const above = said.above ?? base.above;
  const tokens = data === "tokens";
  const embedding = { kind: "embedding", units: inputs, ...said.embedding } as Layer;
  const description: ModelDescription = {
    input: tokens ? { vocabulary: CLASSES } : { size: inputs },
    layers: [...(tokens ? [embedding] : []), recurrent, ...(above ? [above] : []), { kind: "dense" }],
    output: tokens || data === "classes" ? { at: "every", classes: CLASSES } : { at: "every", size: 1 },
    ...(said.loss && { loss: said.loss }),
    seed: 1,
  };
  const run = { optimizer: "adam", clip: "none", metrics: [], ...base.run, ...said.run } as const;
  const inner = kernel.training(description, samplesOf(task, said), run);
  const { units = 1, updates = 1 } = with_ ? option : {};
  return {
    // So that a round has an update.
    ...(updates === "some" && { leastSteps: 6 }),
    close: () => inner.close(),
    async run(passes) {
      const lap = await inner.run(passes * units);
      if (updates !== "some" && lap.losses.length !== passes * updates)
        throw new Error(`${lap.losses.length} updates where ${passes * updates} were asked`);
      return lap;
    },
  };
}

/** The median over rounds of the time with an option over that without; and which of the two did not learn. */
async function compare(kernel: Bare, task: Task, option: Option): Promise<{ ratio: string; stuck: string[] }> {
  if (option.of && option.of !== task.cell) return { ratio: "", stuck: [] };
  const sides = (["without", "with"] as const).map(
    (side) => [side, open(kernel, task, option, side === "with")] as const,
  );
  const series = await alternate(sides, effort).finally(async () => {
    for (const [, contestant] of sides) await contestant.close();
  });
  const [without, with_] = series as [Series, Series];
  // One that is slow has fewer rounds.
  const both = with_.rounds.slice(0, without.rounds.length);
  const ratio = median(both.map((ms, round) => ms / without.rounds[round]!)).toFixed(3);
  // One that has told fewer than two losses in its time says so as well.
  const stuck = series.filter(({ firstLoss, lastLoss }) => !(lastLoss! < firstLoss!) || !Number.isFinite(lastLoss));
  return { ratio, stuck: stuck.map(({ name, firstLoss, lastLoss }) => `${name}: ${firstLoss} → ${lastLoss}`) };
}

const optionsFor = tasks.map(({ shape }) => optionsOf(shape.hiddenSize, shape.batch, shape.steps));
const all = Object.keys(optionsFor[0]!);
const names = all.filter((name) => name.includes(only));
if (names.length === 0) {
  console.error(`--only ${only}: no option is called so; there are\n  ${all.join("\n  ")}`);
  process.exit(1);
}
console.log(`Steps with an option over steps without, ${effort.rounds} rounds\n${describe(machine())}\n`);
const kernel = await openKernel();
const begun = performance.now();
const rows: string[][] = [];
const notes: string[] = [];
for (const name of names) {
  const row = [name];
  for (const [k, task] of tasks.entries()) {
    const { ratio, stuck } = await compare(kernel, task, optionsFor[k]![name]!).catch((error: Error) => ({
      ratio: "–",
      stuck: [`not measured: ${error.message}`],
    }));
    row.push(ratio);
    notes.push(...stuck.map((note) => `${name}, ${label(task)}, ${note}`));
  }
  rows.push(row);
}
console.log(table(["option", ...tasks.map(label)], rows));
console.log(`\n${((performance.now() - begun) / 1000).toFixed(0)} s`);
if (notes.length === 0) console.log("The losses of each fell.");
else {
  console.log(`Not measured, or losses that did not fall:\n  ${notes.join("\n  ")}`);
  process.exitCode = 1;
}
