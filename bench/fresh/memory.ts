/** In a fresh process: the most memory it held, in MB, with a worker that has only opened a model, or that trained one. */
import type * as Package from "retrograd";
import { adamOptions, middle, samples } from "../task.js";
import { mostResident } from "./resident.js";

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
console.log(mostResident() / 1e6);
await model.dispose();
