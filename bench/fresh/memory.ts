/** In a fresh process: the most memory it held, in MB, with a worker that has only opened a small model, or that trains the given task. */
import type * as Package from "retrograd";
import type { Training } from "../formula.js";
import { adamOptions, samples } from "../task.js";
import { mostResident } from "./resident.js";

const [address, what] = process.argv.slice(2);
const { adam, createModel, dense, gru, lstm, rnn } = (await import(address!)) as typeof Package;
const { cell, shape, numLayers }: Training =
  what === "empty"
    ? { cell: "lstm", shape: { hiddenSize: 1, batch: 1, steps: 1, inputs: 1 }, numLayers: 1 }
    : JSON.parse(what!);
const model = await createModel({
  input: { size: shape.inputs },
  layers: [{ lstm, gru, rnn }[cell]({ hiddenSize: shape.hiddenSize, numLayers }), dense()],
  output: { at: "last", size: 1 },
});
if (what !== "empty") {
  const options = { optimizer: adam(adamOptions), clip: "none" } as const;
  await model.fit(samples(shape), { steps: 10, batchSize: "full", ...options });
}
console.log(mostResident() / 1e6);
await model.dispose();
