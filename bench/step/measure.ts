/** Measures libraries in turn, round by round, so that whatever else the machine does falls on all of them. */
import { median } from "../table.js";
import type { Cell, Contestant, Library, Weights } from "./task.js";

export interface Plan {
  library: Library;
  /** In one round. */
  steps: number;
}

export interface Rounds {
  library: string;
  cell: Cell;
  stepsPerRound: number;
  /** Of each round, milliseconds a step on the wall clock: the whole round over its steps. */
  wall: number[];
  /** Likewise the processor time of all threads of this process. */
  processor: number[];
  firstLoss: number;
  lastLoss: number;
}

export const medianWall = (r: Rounds) => median(r.wall);
export const leastWall = (r: Rounds) => Math.min(...r.wall);
export const medianProcessor = (r: Rounds) => median(r.processor);

export async function measure(cell: Cell, plans: readonly Plan[], start: Weights, rounds: number): Promise<Rounds[]> {
  const entries: { contestant: Contestant; plan: Plan; result: Rounds }[] = [];
  try {
    for (const plan of plans) {
      const contestant = await plan.library.open(cell, start);
      const result = { library: plan.library.name, cell, stepsPerRound: plan.steps, wall: [], processor: [] };
      const losses = await contestant.train(plan.steps); // compilers warm up
      entries.push({ contestant, plan, result: { ...result, firstLoss: losses[0]!, lastLoss: Number.NaN } });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { contestant, plan, result } of entries) {
        const used = process.cpuUsage();
        const begun = performance.now();
        const losses = await contestant.train(plan.steps);
        result.wall.push((performance.now() - begun) / plan.steps);
        const { user, system } = process.cpuUsage(used);
        result.processor.push((user + system) / 1000 / plan.steps);
        result.lastLoss = losses.at(-1)!;
      }
    }
    return entries.map(({ result }) => result);
  } finally {
    for (const { contestant } of entries) await contestant.close();
  }
}

/** Losses of each library over the same few steps from the same weights, without biases: the same function must give the same. */
export async function compare(cell: Cell, libraries: readonly Library[], start: Weights): Promise<number> {
  const traces: number[][] = [];
  for (const library of libraries) {
    const contestant = await library.open(cell, start, { bias: false });
    traces.push(await contestant.train(10));
    await contestant.close();
  }
  const [ours, ...others] = traces as [number[], ...number[][]];
  return Math.max(0, ...others.flatMap((trace) => trace.map((loss, k) => Math.abs(loss - ours[k]!) / ours[k]!)));
}
