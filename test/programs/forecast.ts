// A script author: a seven-day forecast from a table with columns known ahead, a run begun in a tab goes on in Node.
import { readFile, writeFile } from "node:fs/promises";
import { adam, createModel, dense, gru, loadModel, type ModelDescription } from "retrograd";

declare function readCsv(path: string): Promise<Record<string, string | number>[]>; // any CSV library

const rows = await readCsv("shop.csv"); // date, orders, visits, price, holiday
const plan = await readCsv("next-week.csv"); // date, price, holiday: known for seven days
const model: ModelDescription = {
  input: {
    series: {
      time: "date",
      target: ["orders"],
      past: ["visits"],
      known: ["price", "holiday"],
      calendar: ["dayOfWeek", "dayOfYear"],
      window: 56,
      horizon: 7,
    },
  },
  layers: [gru({ hiddenSize: 32 }), dense()], // 7 × orders: sizes follow from the series
};
const fit = { patience: 10, validationSplit: 0.1, optimizer: adam({ learningRate: 3e-3 }) };
const best = { model, fit }; // a search over both comes in a later version
const net = await createModel(best.model);
await net.fit(rows, { ...best.fit, log: true }); // a progress bar on stderr
const { orders } = await net.forecast(rows, { known: plan }); // Float32Array(7), in orders
await writeFile("shop.retro", await net.save());
const again = await loadModel(await readFile("from-browser.retro")); // begun in a tab, cut off at epoch 12
await again.resume(rows, { epochs: 100 });
console.log(orders, (await again.evaluate(rows, { metrics: ["rmse", "mape"] })).rmse);
await Promise.all([net.dispose(), again.dispose()]);
