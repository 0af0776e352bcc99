/** In a fresh process: the most memory it held, in MB, with a worker that has only opened a model, or that trained one. */
import { readFileSync } from "node:fs";
import type * as Package from "retrograd";
import { adamOptions, middle, samples } from "../task.js";

const [address, what] = process.argv.slice(2);
const { adam, createModel, dense, lstm } = (await import(address!)) as typeof Package;
const { shape } = middle[0]!;
const trains = what === "training";
const model = await createModel({
  input: { size: shape.inputs },
  layers: [lstm({ hiddenSize: trains ? shape.hiddenSize : 1 }), dense()],
  output: { at: "last", size: 1 },
});
if (trains) {
  const options = { optimizer: adam(adamOptions), clip: "none" } as const;
  await model.fit(samples(shape), { steps: 10, batchSize: "full", ...options });
}
console.log(most());
await model.dispose();

/** Not `resourceUsage().maxRSS`: on Linux that begins with what the parent held. */
function most(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))!;
    return (Number(kilobytes) * 1024) / 1e6;
  } catch {
    // Nothing is given back while it lives, so that the end is the most.
    return process.memoryUsage().rss / 1e6;
  }
}
