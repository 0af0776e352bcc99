/**
 * Steps of training with a loss in AssemblyScript beside those with the built-in one, in turns in one process. The losses must be the same.
 *   node ts/build/run.mjs bench/ownLoss.ts [rounds]      15 when not given
 */
import type { ModelDescription } from "retrograd";
import { compile, huber, quantile } from "../test/assembly/losses.js";
import { openKernel } from "./inside/tree.js";
import { describe, machine } from "./machine.js";
import type { Contestant } from "./rounds.js";
import { median, table } from "./table.js";
import { draw, label, samples, single, small, type Task } from "./task.js";

const rounds = Number(process.argv[2] ?? 15);
const modules = { huber: await compile(huber), quantile: await compile(quantile) };
const builtIn = { huber: { kind: "huber" }, quantile: { kind: "quantile", quantiles: [0.9] } } as const;
/** Milliseconds of a turn, about. */
const TURN = 60;

interface Row {
  task: Task;
  at: "last" | "every";
  loss: keyof typeof modules;
  weighted?: boolean;
}

const tiny: Task = { cell: "gru", shape: { hiddenSize: 8, batch: 32, steps: 20, inputs: 2 } };
const [lstm, gru, tanh] = small as [Task, Task, Task];
const [, , one] = single as [Task, Task, Task];
const rows: Row[] = [
  { task: lstm, at: "last", loss: "huber" },
  { task: lstm, at: "every", loss: "huber" },
  { task: gru, at: "every", loss: "quantile" },
  { task: tanh, at: "every", loss: "huber" },
  { task: tanh, at: "every", loss: "huber", weighted: true },
  { task: tiny, at: "last", loss: "quantile" },
  { task: tiny, at: "every", loss: "huber" },
  { task: one, at: "last", loss: "huber" },
];

async function contestant({ task, at, weighted }: Row, loss: ModelDescription["loss"]): Promise<Contestant> {
  const { cell, shape } = task;
  const description = {
    input: { size: shape.inputs },
    layers: [{ kind: cell, hiddenSize: shape.hiddenSize } as const, { kind: "dense" } as const],
    output: { at, size: 1 } as const,
    loss: loss!,
  };
  const count = shape.batch * (at === "every" ? shape.steps : 1);
  const y = at === "every" ? { shape: [shape.batch, shape.steps, 1], data: draw(count, 1) } : draw(count, 1);
  /** One of four weights for each step, of which one masks. */
  const sampleWeight = Array.from({ length: shape.batch }, (_, i) =>
    Array.from({ length: shape.steps }, (_, t) => ((i + t) % 4) / 2),
  );
  const data = { x: samples(shape).x, y, ...(weighted && { sampleWeight }) };
  return (await openKernel()).training(description, data, {});
}

console.log(`A loss in AssemblyScript beside the built-in one, ${rounds} rounds\n${describe(machine())}\n`);
const lines: string[][] = [];
for (const row of rows) {
  const custom = { kind: "custom", module: Buffer.from(modules[row.loss]).toString("base64") } as const;
  const runs = [await contestant(row, builtIn[row.loss]), await contestant(row, custom)] as const;
  const ms: [number[], number[]] = [[], []];
  /** Of the processor: on a machine that others use too it says more than the clock. */
  const work: [number[], number[]] = [[], []];
  const losses: [number[], number[]] = [[], []];
  for (const [i, run] of runs.entries()) losses[i as 0 | 1].push(...(await run.run(10)).losses); // warm
  const steps = Math.max(1, Math.round(TURN / ((await runs[0].run(10)).ms / 10)));
  await runs[1].run(10);
  for (let round = 0; round < rounds; round++) {
    for (const [i, run] of runs.entries()) {
      const before = process.cpuUsage();
      const turn = await run.run(steps);
      const { user, system } = process.cpuUsage(before);
      ms[i as 0 | 1].push(turn.ms / steps);
      work[i as 0 | 1].push((user + system) / steps);
    }
  }
  for (const [i, loss] of losses[0].entries()) {
    if (Math.abs(loss - losses[1][i]!) > 1e-5 * Math.abs(loss))
      throw new Error(`the losses differ: ${loss}, ${losses[1][i]}`);
  }
  const [a, b] = [median(ms[0]), median(ms[1])];
  const ratios = (of: [number[], number[]]) => median(of[0].map((built, round) => of[1][round]! / built)).toFixed(3);
  const microseconds = (ms: number) => (1000 * ms).toFixed(1);
  lines.push([
    `${label(row.task)}, ${row.at}${row.weighted ? ", weighted" : ""}`,
    row.loss,
    microseconds(a),
    microseconds(b),
    ratios(ms),
    (Math.min(...ms[1]) / Math.min(...ms[0])).toFixed(3),
    ratios(work),
  ]);
  for (const run of runs) run.close?.();
}
console.log(
  table(
    [
      "units, batch, steps, inputs",
      "loss",
      "built-in, µs",
      "AssemblyScript",
      "×, median of rounds",
      "of least",
      "of processor time",
    ],
    lines,
  ),
);
