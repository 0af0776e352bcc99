/**
 * Several workers through the public API: no cutting of the batch, eight shards on one worker, the same on two. Times are the
 * runs' own (`elapsed` of their reports), so that opening the second worker does not count.
 */
import { createHash } from "node:crypto";
import { createModel, type Progress, type Runtime } from "retrograd";
import { atLeast, atMost, type Bench, type Measurement, type Row } from "../bench.js";
import { describe, training } from "../rivals/retrograd.js";
import type { Contestant, Series } from "../rounds.js";
import { digits, median } from "../table.js";
import { flops, label, large, middle, samples, small, type Task } from "../task.js";

export const workers: Measurement[] = [small, middle, large].map(([task]) => ({
  name: `workers, ${label(task!)}`,
  slow: task === large[0],
  run: (bench) => measure(bench, task!),
}));

async function measure(bench: Bench, task: Task): Promise<Row[]> {
  const ways: [string, Runtime][] = [
    ["no shards", {}],
    ["8 shards, one worker", { workers: 1 }],
    ["8 shards, two workers", { workers: 2 }],
  ];
  const contestants = await Promise.all(ways.map(async ([name, way]) => [name, await byElapsed(task, way)] as const));
  const series = await bench.measure(label(task), contestants);
  bench.checkLosses(label(task), series);
  const [none, one, two] = series as [Series, Series, Series];
  const ratio = (a: Series, b: Series) => median(a.rounds.map((ms, k) => ms / (b.rounds[k] ?? Number.NaN)));
  const cost = ratio(one, none);
  const gain = ratio(one, two);
  const same = (await digest(task, { workers: 1 })) === (await digest(task, { workers: 2 }));
  if (!same) bench.faults.push(`NOT THE SAME BITS: ${label(task)} on one worker and on two`);
  const notes = [
    {},
    { note: `${digits(cost)} × without`, asked: [atMost(cost, 1.04, "≤ 1.04 ×")] },
    {
      note: `${digits(gain)} × one worker; weights ${same ? "equal" : "DIFFER"}`,
      asked: [atLeast(gain, 1.85, "≥ 1.85 × with a free second core")],
    },
  ];
  return series.map(({ name, rounds }, k) => ({
    name: `${label(task)}, ${name}`,
    unit: "ms",
    rounds,
    flops: flops(task),
    ...notes[k],
  }));
}

async function byElapsed(task: Task, way: Runtime): Promise<Contestant> {
  const model = await createModel(describe(task), way);
  const data = samples(task.shape);
  return {
    async run(steps) {
      const seen: Progress[] = [];
      const onProgress = (p: Progress) => p.kind === "epoch" && seen.push(p);
      // Two more: where the clock starts, one is done.
      const history = await model.fit(data, { steps: steps + 2, batchSize: "full", onProgress, ...training });
      // Updates of one slice are reported with one time, that of its end.
      const start = seen.filter((p) => p.elapsed === seen[0]!.elapsed).at(-1)!;
      const end = seen.at(-1)!;
      const ms = (1000 * (end.elapsed - start.elapsed)) / (end.step - start.step);
      return { ms: ms * steps, losses: Array.from(history.steps.loss) };
    },
    close: () => model.dispose(),
  };
}

/** Of the weights after five updates. */
async function digest(task: Task, way: Runtime): Promise<string> {
  const model = await createModel(describe(task), way);
  try {
    await model.fit(samples(task.shape), { steps: 5, batchSize: "full", ...training });
    const sum = createHash("sha256");
    for (const { data } of Object.values(await model.parameters())) sum.update(data);
    return sum.digest("hex");
  } finally {
    await model.dispose();
  }
}
