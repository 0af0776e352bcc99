/**
 * Steps with gradient checkpointing beside plain ones, in turns in one process: their time, and memory by the formula, which
 * test/unit/memory.test.ts holds against the kernel's.
 *   node ts/build/run.mjs bench/checkpointing.ts [rounds]      9 when not given
 */
import { memoryOf, type Training, total } from "./formula.js";
import { openKernel } from "./inside/tree.js";
import { describe, machine } from "./machine.js";
import { median, table } from "./table.js";
import { label, samples } from "./task.js";

const rounds = Number(process.argv[2] ?? 9);
const sequence = (hiddenSize: number, batch: number, steps: number, inputs: number) => ({
  hiddenSize,
  batch,
  steps,
  inputs,
});
const tasks: Training[] = [
  { cell: "lstm", shape: sequence(64, 8, 4096, 4), numLayers: 1 },
  { cell: "gru", shape: sequence(64, 8, 4096, 4), numLayers: 1 },
  { cell: "lstm", shape: sequence(128, 1, 4096, 8), numLayers: 1 },
  { cell: "lstm", shape: sequence(128, 32, 1024, 16), numLayers: 2 },
  { cell: "rnn", shape: sequence(64, 32, 1024, 8), numLayers: 1 },
];

console.log(
  `Gradient checkpointing in segments that take the least memory, ${rounds} rounds\n${describe(machine())}\n`,
);
const rows: string[][] = [];
for (const task of tasks) {
  const runs = [];
  for (const checkpointing of [false, true]) {
    const { cell, shape, numLayers } = task;
    const description = {
      input: { size: shape.inputs },
      layers: [{ kind: cell, hiddenSize: shape.hiddenSize, numLayers } as const, { kind: "dense" } as const],
      output: { at: "last", size: 1 } as const,
    };
    const run = (await openKernel()).training(description, samples(shape), { checkpointing });
    const { losses } = await run.run(2); // warm
    runs.push({ ...run, losses: [...losses], ms: [] as number[] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const run of runs) {
      const { ms, losses } = await run.run(1);
      run.ms.push(ms);
      run.losses.push(...losses);
    }
  }
  const [plain, segments] = runs as [(typeof runs)[0], (typeof runs)[0]];
  if (plain.losses.some((loss, i) => loss !== segments.losses[i])) throw new Error("the losses are not the same");
  const megabytes = [task, { ...task, every: "least" } as const].map((training) => total(memoryOf(training)) / 1e6) as [
    number,
    number,
  ];
  rows.push([
    `${label(task)}, ${task.numLayers} levels`,
    median(plain.ms).toFixed(1),
    median(segments.ms).toFixed(1),
    (median(segments.ms) / median(plain.ms)).toFixed(2),
    megabytes[0].toFixed(1),
    megabytes[1].toFixed(1),
    (megabytes[1] / megabytes[0]).toFixed(3),
  ]);
  for (const run of runs) run.close?.();
}
console.log(table(["hidden, batch, steps, inputs", "ms", "in segments", "×", "MB", "in segments", "×"], rows));
