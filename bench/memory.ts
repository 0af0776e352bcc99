/**
 * Makes, trains and disposes of one model after another, and watches the memory of the process after each.
 *   node ts/build/run.mjs bench/memory.ts [models]      200 when not given; ends with status 1 when memory grows
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createModel, dense, gru, loadModel, lstm } from "retrograd";
import { describe, machine } from "./machine.js";
import { adding } from "./problems/adding.js";
import { median, table } from "./table.js";

/** As node --expose-gc, from inside: memory is read when nothing is left that could be collected. */
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const count = Number(process.argv[2] ?? 200);
if (!Number.isSafeInteger(count) || count < 30)
  throw new Error(`${process.argv[2]}: expected a number of models, 30 or more`);

/** One model's life: made, trained, asked, saved, made again from the file, trained on, asked; both disposed of. */
async function life(seed: number): Promise<void> {
  const samples = adding({ seed, count: 64, length: 40 });
  const hidden = { hiddenSize: 32 };
  const model = await createModel({
    input: { size: 2 },
    layers: [seed % 2 ? lstm(hidden) : gru(hidden), dense()],
    output: { at: "last", size: 1 },
    seed,
  });
  await model.fit(samples, { steps: 20 });
  await model.predict(samples.x, { hidden: true });
  await model.gradients(samples);
  const again = await loadModel(await model.save());
  await model.dispose();
  await again.resume(samples, { steps: 30 });
  await again.dispose();
}

interface Reading {
  /** MB. */
  resident: number;
  heap: number;
  /** Typed arrays' memory outside the heap, of this thread. */
  buffers: number;
}

function read(): Reading {
  collect();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { resident: rss / 1e6, heap: heapUsed / 1e6, buffers: arrayBuffers / 1e6 };
}

console.log(`${count} models made, trained and disposed of\n${describe(machine())}\n`);
const begun = performance.now();
const readings: Reading[] = [];
for (let k = 0; k < count; k++) {
  await life(k);
  readings.push(read());
}
const seconds = (performance.now() - begun) / 1000;

const third = (k: number) => readings.slice(Math.floor((k * count) / 3), Math.floor(((k + 1) * count) / 3));
const thirds = [third(0), third(1), third(2)];
const typical = (list: readonly Reading[], what: keyof Reading) => median(list.map((r) => r[what]));
const rows = thirds.map((list, k) => [
  ["first third", "second third", "third third"][k]!,
  typical(list, "resident").toFixed(1),
  Math.max(...list.map((r) => r.resident)).toFixed(1),
  typical(list, "heap").toFixed(2),
  typical(list, "buffers").toFixed(3),
]);
console.log(table(["median MB after a collection", "resident", "most", "heap", "buffers"], rows));

/** Workers are threads of their own; one that was not ended would be in the report. */
const report = process.report.getReport() as unknown as { workers: unknown[] };
const growth = typical(thirds[2]!, "resident") / typical(thirds[1]!, "resident") - 1;
const flat = Math.abs(growth) <= 0.05 && report.workers.length === 0;
console.log(`\n${seconds.toFixed(0)} s; workers still alive: ${report.workers.length}`);
console.log(
  `third third against the second: ${growth > 0 ? "+" : ""}${(100 * growth).toFixed(2)} %; within 5 % and no worker alive is asked for: ${flat ? "met" : "NOT MET"}`,
);
if (!flat) process.exitCode = 1;
