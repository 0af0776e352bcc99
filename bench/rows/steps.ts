/** A training step of one recurrent layer: the kernel alone, a fit through the public API, and every rival, in turn. */
import { type Asked, atLeast, type Bench, type Measurement, type Row } from "../bench.js";
import { byFit, describe, startingWeights, training } from "../rivals/retrograd.js";
import { leastOf, medianOf, type Series } from "../rounds.js";
import { flops, label, nine, samples, single, small, type Task } from "../task.js";

/** Shares of the peak that are asked for, by the hidden size. */
const shares: Record<number, { strict: number; relaxed: number }> = {
  64: { strict: 0.77, relaxed: 0.78 },
  128: { strict: 0.82, relaxed: 0.82 },
  256: { strict: 0.87, relaxed: 0.88 },
};

export const steps = (tasks: readonly Task[]): Measurement[] =>
  tasks.map((task) => ({ name: label(task), run: (bench) => measure(bench, task) }));

async function measure(bench: Bench, task: Task): Promise<Row[]> {
  const name = label(task);
  const work = flops(task);
  if (small.includes(task)) await compare(bench, task);
  const start = await startingWeights(task);
  const own = bench.kernels.map(
    ([simd, kernel]) => [simd, kernel.training(describe(task), samples(task.shape), training)] as const,
  );
  const rivals = await bench.opponents(name, work, (rival) => {
    return rival.refuses(task, bench.quick) ? undefined : () => rival.open(task, start);
  });
  const series = await bench.measure(name, [...own, ["fit", await byFit(task)], ...rivals]);
  bench.learn(series, work);
  bench.checkLosses(name, series);
  const others = series.slice(own.length + 1);
  const rows: Row[] = own.map(([simd], k) => {
    const s = series[k]!;
    bench.peaks.get(simd)?.see(work / leastOf(s) / 1e6);
    return {
      name: `${name} kernel${simd === "strict" ? "" : `, ${simd}`}`,
      unit: "ms",
      rounds: s.rounds,
      flops: work,
      simd,
      share: nine.includes(task) ? shares[task.shape.hiddenSize]![simd] : undefined,
      rivals: others,
      asked: asked(task, s, others),
    };
  });
  rows.push({ name: `${name} fit`, unit: "ms", rounds: series[own.length]!.rounds, flops: work, rivals: others });
  return rows;
}

/** Whose few steps would take as long as all the rest of a quick row. */
const slowInCompare = new Set(["jax-js", "tfjs cpu"]);

/** The first updates from the same weights in each library: the same function must give the same losses. */
async function compare(bench: Bench, task: Task): Promise<void> {
  const updates = bench.quick ? 3 : 10;
  for (const rival of bench.rivals) {
    if (!rival.comparable || rival.refuses(task, bench.quick)) continue;
    if (bench.quick && slowInCompare.has(rival.name)) continue;
    const options = { bias: !rival.oneBias, reset: rival.reset };
    const start = await startingWeights(task, options);
    try {
      const [theirs, ours] = [await rival.open(task, start, options), await byFit(task, options)];
      const lists = [(await theirs.run(updates)).losses, (await ours.run(updates)).losses] as const;
      await theirs.close();
      await ours.close();
      if (!lists[0].length || lists[0].length !== lists[1].length) throw new Error("it gave no losses to compare");
      const apart = Math.max(...lists[0].map((loss, k) => Math.abs(loss - lists[1][k]!) / lists[1][k]!));
      // In f32 orders of summation differ, nothing else may.
      if (!(apart < 1e-3))
        bench.faults.push(`NOT THE SAME TASK: ${task.cell}, ${rival.name}: losses differ by ${apart}`);
      else
        bench.remarks.push(
          `${task.cell}: ${updates} updates in ${rival.name}, losses within ${apart.toExponential(1)} of ours`,
        );
    } catch (error) {
      bench.remarks.push(`${task.cell}: ${rival.name} FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function asked(task: Task, own: Series, rivals: readonly Series[]): Asked[] {
  const ratio = (name: string) => {
    const rival = rivals.find((s) => s.name === name);
    return rival && medianOf(rival) / medianOf(own);
  };
  if (single.includes(task)) {
    const least = task.cell === "lstm" ? 14 : 80;
    return [atLeast(ratio("torch 1"), least, `≥ ${least} × torch 1`)];
  }
  const list = [atLeast(ratio("torch 1"), 0.5, "≥ 0.5 × torch 1")];
  if (nine.includes(task)) list.push(atLeast(ratio("tfjs wasm"), 18, "≥ 18 × tfjs wasm"));
  return list;
}
