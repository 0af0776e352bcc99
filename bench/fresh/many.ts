/** In a fresh process: a hundred models of LSTM 8, in one worker or in one each, opened and then trained for an epoch, all at once. */
import type * as Package from "retrograd";
import { samples } from "../task.js";
import { mostResident } from "./resident.js";

const [address, where] = process.argv.slice(2);
const { createModel, dense, lstm } = (await import(address!)) as typeof Package;
const COUNT = 100;
const shape = { hiddenSize: 8, batch: 64, steps: 20, inputs: 4 };
const data = samples(shape);

const begun = performance.now();
const open = (seed: number, beside?: Package.Model) =>
  createModel(
    { input: { size: 4 }, layers: [lstm({ hiddenSize: 8 }), dense()], output: { at: "last", size: 1 }, seed },
    beside && { beside },
  );
const first = await open(0);
const beside = where === "beside" ? first : undefined;
const others = await Promise.all(Array.from({ length: COUNT - 1 }, (_, i) => open(i + 1, beside)));
const opened = performance.now();
const models = [first, ...others];
await Promise.all(models.map((model) => model.fit(data, { epochs: 1 })));
const trained = performance.now();
console.log(JSON.stringify({ open: opened - begun, epoch: trained - opened, memory: mostResident() / 1e6 }));
await Promise.all(models.map((model) => model.dispose()));
