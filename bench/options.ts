/**
 * What each option costs: training steps with it over steps of the same task without, in turns in one process; the kernel alone.
 *   node ts/build/run.mjs bench/options.ts [--quick] [--only WORD]      WORD: part of an option's name, as "clip"
 */
import { parseArgs } from "node:util";
import type { Layer, ModelDescription, Samples } from "retrograd";
import type { Bare } from "./inside/bare.js";
import { openKernel } from "./inside/tree.js";
import { describe, machine } from "./machine.js";
import { CLASSES, type Option, options, type Setting, TOKENS } from "./options/list.js";
import { alternate, type Contestant, type Series } from "./rounds.js";
import { median, table } from "./table.js";
import { draw, drawIndices, label, middle, type Shape, samples, small, type Task } from "./task.js";

const { values } = parseArgs({ options: { quick: { type: "boolean" }, only: { type: "string" } } });
const { quick = false, only = "" } = values;
const effort = quick ? { rounds: 4, lap: 20, warm: 40, limit: 1000 } : { rounds: 9, lap: 60, warm: 150, limit: 10_000 };
const tasks = [middle[0], small[1], small[2]] as [Task, Task, Task];

/** Of yes or no, of classes, of labels: few enough that each sequence has time for them. */
function targets({ batch, steps }: Shape, kind: Setting["targets"]): Samples["y"] {
  const rows = (length: number, least: number, below: number) =>
    Array.from({ length: batch }, (_, i) => drawIndices(length, below - least, i).map((index) => index + least));
  switch (kind) {
    case "classes":
      return rows(steps, 0, CLASSES);
    case "labels":
      return rows(steps / 5, 1, CLASSES);
    case "yesOrNo":
      return { shape: [batch, steps, 1], data: Float32Array.from(drawIndices(batch * steps, 2, 1)) };
    default:
      return { shape: [batch, steps, 1], data: draw(batch * steps, 1) };
  }
}

function open(kernel: Bare, { cell, shape }: Task, setting: Setting): Contestant {
  const { hiddenSize, batch, steps, inputs } = shape;
  const { above, below, loss, run = {} } = setting;
  const inner = [
    ...(below ? [below] : []),
    { kind: cell, hiddenSize, ...setting.cell } as Layer,
    ...(above ? [above] : []),
  ];
  const classes = setting.targets === "classes" || setting.targets === "labels";
  const description: ModelDescription = {
    input: setting.tokens ? { vocabulary: TOKENS } : { size: inputs },
    layers: [...inner, { kind: "dense" }],
    output: classes ? { at: "every", classes: CLASSES } : { at: "every", size: 1 },
    ...(loss && { loss }),
    seed: 1,
  };
  const x = setting.tokens ? Array.from({ length: batch }, (_, i) => drawIndices(steps, TOKENS, i)) : samples(shape).x;
  const said = typeof run === "function" ? run(shape) : run;
  const data = { x, y: targets(shape, setting.targets) } as Samples;
  return kernel.training(description, data, { optimizer: "adam", clip: "none", metrics: [], ...said });
}

/** The median over rounds of the time with an option over that without; with a mark where the loss did not fall. */
async function ratio(kernel: Bare, task: Task, option: Option): Promise<string> {
  if (option.of ? option.of !== task.cell : task.cell === "rnn") return "";
  const contestants = [
    ["without", open(kernel, task, option.over ?? {})],
    ["with", open(kernel, task, option)],
  ] as const;
  const [without, with_] = (await alternate(contestants, effort)) as [Series, Series];
  for (const [, contestant] of contestants) await contestant.close();
  // None where no update of L-BFGS came to its end.
  const falls = [without, with_].every(({ firstLoss, lastLoss }) => firstLoss === undefined || lastLoss! < firstLoss);
  return `${median(with_.rounds.map((ms, round) => ms / without.rounds[round]!)).toFixed(3)}${falls ? "" : " *"}`;
}

const chosen = Object.entries(options).filter(([name]) => name.includes(only));
if (chosen.length === 0) {
  throw new Error(`no option's name has ${JSON.stringify(only)} in it; there are: ${Object.keys(options).join(" · ")}`);
}
console.log(`Steps with an option over steps without, ${effort.rounds} rounds\n${describe(machine())}\n`);
const kernel = await openKernel();
const rows: string[][] = [];
for (const [name, option] of chosen) {
  const row = [name];
  for (const task of tasks) {
    row.push(
      await ratio(kernel, task, option).catch((cause) => {
        throw new Error(`${name}, ${label(task)}`, { cause });
      }),
    );
  }
  rows.push(row);
}
console.log(table(["option", ...tasks.map(label)], rows));
if (rows.some((row) => row.some((text) => text.endsWith("*")))) console.log("\n* the loss did not fall");
