/** In a fresh process: from the import to the first finished step of LSTM 64,32,50,8, and what a steady step takes afterwards. */
import type * as Package from "retrograd";
import { adamOptions, samples, small } from "../task.js";

const data = samples(small[0]!.shape);
const begun = performance.now();
const { adam, createModel, dense, lstm } = (await import(process.argv[2]!)) as typeof Package;
const imported = performance.now();
const model = await createModel({
  input: { size: 8 },
  layers: [lstm({ hiddenSize: 64 }), dense()],
  output: { at: "last", size: 1 },
});
const opened = performance.now();

const seen: Package.Progress[] = [];
let first = 0;
await model.fit(data, {
  steps: 300,
  batchSize: "full",
  optimizer: adam(adamOptions),
  clip: "none",
  onProgress(p) {
    first ||= performance.now();
    if (p.kind === "epoch") seen.push(p);
  },
});
await model.dispose();

// Each update is an epoch here; those of one slice carry one time.
const end = seen.at(-1)!;
const middle = seen.filter((p) => p.elapsed === seen[200]!.elapsed).at(-1)!;
console.log(
  JSON.stringify({
    import: imported - begun,
    open: opened - imported,
    /** From the import to the report of the first step. */
    whole: first - begun,
    firstStep: 1000 * seen[0]!.elapsed,
    steady: (1000 * (end.elapsed - middle.elapsed)) / (end.step - middle.step),
  }),
);
