/**
 * In a fresh process: a large text or table, made here, goes into a small model that trains a few steps on it. Prints the
 * size of the data, the most memory beside what the process held with them alone, and above a worker without any, in bytes; and seconds until the
 * first update.
 *   ADDRESS text|series CHARACTERS|ROWS
 */
import type * as Package from "retrograd";
import { mulberry32 } from "../problems/random.js";
import { forgetPeak, mostResident, resident, settled } from "./resident.js";

const [address, what, count] = process.argv.slice(2);
const { createModel, dense, embedding, gru } = (await import(address!)) as typeof Package;
const make = what === "text" ? text : table;
const layers = [gru({ hiddenSize: 8 }), dense()];
const steps = 20;
const model = await createModel(
  what === "text"
    ? { input: { vocabulary: "characters" }, layers: [embedding({ units: 8 }), ...layers] }
    : { input: { series: { target: ["a"], past: ["b", "c"], window: 24, horizon: 1 } }, layers },
);
// What code and workspace take is not the data's.
await model.fit(make(10_000), { steps });
await settled();
const empty = resident();

const data = make(Number(count));
const size = typeof data === "string" ? data.length : Object.values(data).reduce((sum, c) => sum + c.byteLength, 0);
await settled();
const held = resident();
forgetPeak();
const begun = performance.now();
let opened = 0;
await model.fit(data, {
  steps,
  onProgress() {
    opened ||= performance.now();
  },
});
const most = mostResident();
console.log(JSON.stringify({ size, added: most - held, all: most - empty, seconds: (opened - begun) / 1000 }));
await model.dispose();

/** Lines of words, which V8 keeps as one byte a character. */
function text(length: number): string {
  const random = mulberry32(7);
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = i % 61 === 60 ? 10 : i % 7 === 6 ? 32 : random.integer(97, 122);
  return bytes.toString("latin1");
}

/** Three columns of 64 bits, as a CSV reader makes them. */
function table(rows: number): Record<string, Float64Array> {
  const random = mulberry32(7);
  const walk = (scale: number) => {
    const column = new Float64Array(rows);
    for (let i = 1; i < rows; i++) column[i] = 0.99 * column[i - 1]! + scale * random.uniform(-1, 1);
    return column;
  };
  return { a: walk(1), b: walk(10), c: walk(0.1) };
}
