/**
 * What each option costs: training steps with it over steps of the same task without, in turns in one process; the kernel alone. A
 * step without is Adam, no clipping, a prediction at every step.
 *   node ts/build/run.mjs bench/options.ts [--quick] [--only WORD]      WORD: part of an option's name, as "clip"
 */
import { parseArgs } from "node:util";
import type { Layer, ModelDescription, RunDescription, Samples } from "retrograd";
import type { Bare } from "./inside/bare.js";
import { openKernel } from "./inside/tree.js";
import { describe, machine } from "./machine.js";
import { alternate, type Contestant, type Series } from "./rounds.js";
import { median, table } from "./table.js";
import { type Cell, draw, drawIndices, label, middle, samples, small, type Task } from "./task.js";

const { values } = parseArgs({ options: { quick: { type: "boolean" }, only: { type: "string" } } });
const { quick = false, only = "" } = values;
const effort = quick
  ? { rounds: 3, lap: 40, warm: 60, limit: 1000 }
  : { rounds: 15, lap: 150, warm: 300, limit: 10_000 };
const tasks = [middle[0], small[1]] as [Task, Task];
const CLASSES = 10;

interface Option {
  run?: RunDescription;
  /** Of the recurrent layer. */
  cell?: object;
  above?: Layer;
  loss?: ModelDescription["loss"];
  /** Predicts classes, with the option and without. */
  classes?: true;
  /** The cells that have it; all where nothing is said. */
  of?: Cell;
}

type Optimizer = NonNullable<RunDescription["optimizer"]>;
const optimizer = (said: Optimizer): Option => ({ run: { optimizer: said } });
const run = (said: RunDescription): Option => ({ run: said });
const cell = (said: object, of?: Cell): Option => ({ cell: said, ...(of && { of }) });
const above = (layer: Layer): Option => ({ above: layer });

const options: Record<string, Option> = {
  "optimizer sgd": optimizer("sgd"),
  "optimizer sgd, momentum": optimizer({ kind: "sgd", momentum: 0.9 }),
  "optimizer sgd, nesterov": optimizer({ kind: "sgd", momentum: 0.9, nesterov: true }),
  "optimizer sgd, hypergradient": optimizer({ kind: "sgd", hypergradient: 1e-6 }),
  "optimizer rmsprop": optimizer("rmsprop"),
  "optimizer rmsprop, centred, momentum": optimizer({ kind: "rmsprop", centered: true, momentum: 0.9 }),
  "optimizer adam, amsgrad": optimizer({ kind: "adam", amsgrad: true }),
  "optimizer adam, hypergradient": optimizer({ kind: "adam", hypergradient: 1e-8 }),
  "optimizer adamw": optimizer("adamw"),
  "optimizer nadam": optimizer("nadam"),
  "optimizer radam": optimizer("radam"),
  "optimizer adamax": optimizer("adamax"),
  "optimizer adagrad": optimizer("adagrad"),
  "optimizer adadelta": optimizer("adadelta"),
  "optimizer asgd": optimizer("asgd"),
  "optimizer rprop": optimizer({ kind: "rprop", learningRate: 1e-4 }),
  "optimizer adafactor": optimizer("adafactor"),
  "optimizer muon": optimizer("muon"),
  "optimizer lion": optimizer("lion"),
  "optimizer lamb": optimizer("lamb"),
  "optimizer scheduleFree": optimizer("scheduleFree"),
  "optimizer prodigy": optimizer("prodigy"),
  "optimizer lbfgs (an evaluation)": optimizer({ kind: "lbfgs", toleranceGradient: 0, toleranceChange: 0 }),
  "clip norm": run({ clip: { norm: 1 } }),
  "clip norm 1": run({ clip: { norm: 1, normType: 1 } }),
  "clip norm infinity": run({ clip: { norm: 1e-3, normType: "infinity" } }),
  "clip norm per tensor": run({ clip: { norm: 0.1, per: "tensor" } }),
  "clip value": run({ clip: { value: 1e-3 } }),
  "clip adaptive": run({ clip: { adaptive: 0.01 } }),
  "penalty l1": run({ penalty: { l1: 1e-6 } }),
  "penalty l2": run({ penalty: { l2: 1e-6 } }),
  groups: run({ groups: [{ kinds: ["bias"], learningRateFactor: 0.5 }, {}] }),
  gradientNoise: run({ gradientNoise: { eta: 1e-8 } }),
  "average ema": run({ average: { kind: "ema" } }),
  "average swa": run({ average: { kind: "swa" } }),
  maxNorm: run({ maxNorm: 1 }),
  orthogonality: run({ orthogonality: 1e-4 }),
  activationPenalty: cell({ activationPenalty: 1e-3 }),
  temporalPenalty: cell({ temporalPenalty: 1e-3 }),
  weightNorm: cell({ weightNorm: true }),
  weightDrop: cell({ weightDrop: 0.2 }),
  recurrentDropout: cell({ recurrentDropout: 0.2 }),
  variationalDropout: cell({ variationalDropout: 0.2 }),
  zoneout: cell({ zoneout: 0.1 }),
  zoneoutCell: cell({ zoneoutCell: 0.1 }, "lstm"),
  "normalization layer": cell({ normalization: "layer" }),
  "normalization rms": cell({ normalization: "rms" }),
  "normalization batch": cell({ normalization: "batch" }),
  "initialState learned": cell({ initialState: "learned" }),
  skip: cell({ skip: true }),
  peepholes: cell({ peepholes: true }, "lstm"),
  coupled: cell({ coupled: true }, "lstm"),
  "projSize, half": cell({ projSize: tasks[0].shape.hiddenSize / 2 }, "lstm"),
  "reset before": cell({ reset: "before" }, "gru"),
  dropout: above({ kind: "dropout", rate: 0.2 }),
  "dropout, one mask for all steps": above({ kind: "dropout", rate: 0.2, shared: "time" }),
  noise: above({ kind: "noise", deviation: 0.1 }),
  layerNorm: above({ kind: "layerNorm" }),
  rmsNorm: above({ kind: "rmsNorm" }),
  batchNorm: above({ kind: "batchNorm" }),
  labelSmoothing: { classes: true, loss: { kind: "crossEntropy", labelSmoothing: 0.1 } },
  classWeights: { classes: true, loss: { kind: "crossEntropy", classWeights: Array(CLASSES).fill(0.5) } },
};

function open(kernel: Bare, { cell, shape }: Task, option: Option): Contestant {
  const { hiddenSize, batch, steps, inputs } = shape;
  const y = option.classes
    ? Array.from({ length: batch }, (_, i) => drawIndices(steps, CLASSES, i))
    : { shape: [batch, steps, 1], data: draw(batch * steps, 1) };
  const layers = [{ kind: cell, hiddenSize, ...option.cell } as Layer, ...(option.above ? [option.above] : [])];
  const description: ModelDescription = {
    input: { size: inputs },
    layers: [...layers, { kind: "dense" }],
    output: option.classes ? { at: "every", classes: CLASSES } : { at: "every", size: 1 },
    ...(option.loss && { loss: option.loss }),
    seed: 1,
  };
  const data: Samples = { x: samples(shape).x, y };
  return kernel.training(description, data, { optimizer: "adam", clip: "none", metrics: [], ...option.run });
}

/** The median over rounds of the time with an option over that without. */
async function ratio(kernel: Bare, task: Task, option: Option): Promise<string> {
  if (option.of && option.of !== task.cell) return "";
  const contestants = [
    open(kernel, task, option.classes ? { classes: true } : {}),
    open(kernel, task, option),
  ] as const;
  const named = [["without", contestants[0]] as const, ["with", contestants[1]] as const];
  const [without, with_] = (await alternate(named, effort)) as [Series, Series];
  for (const contestant of contestants) await contestant.close();
  return median(with_.rounds.map((ms, round) => ms / without.rounds[round]!)).toFixed(3);
}

console.log(`Steps with an option over steps without, ${effort.rounds} rounds\n${describe(machine())}\n`);
const kernel = await openKernel();
const rows: string[][] = [];
for (const [name, option] of Object.entries(options).filter(([name]) => name.includes(only))) {
  rows.push([name, await ratio(kernel, tasks[0], option), await ratio(kernel, tasks[1], option)]);
}
console.log(table(["option", ...tasks.map(label)], rows));
