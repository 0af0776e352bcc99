/** In a fresh process: µs for one answer from another thread, of a learner (`step`) or of a worker that only answers (`bare`). */
import { Worker } from "node:worker_threads";
import type * as Package from "retrograd";
import { median } from "../table.js";
import { draw, small } from "../task.js";

const [address, what] = process.argv.slice(2);
const x = draw(small[0]!.shape.inputs);

const { once, close } = what === "step" ? await openLearner() : echo();
const ROUND = 500;
const rounds: number[] = [];
for (let round = 0; round < 30; round++) {
  const begun = performance.now();
  for (let k = 0; k < ROUND; k++) await once();
  rounds.push((1000 * (performance.now() - begun)) / ROUND);
}
await close();
// The first ones warm up.
console.log(JSON.stringify(median(rounds.slice(10))));

async function openLearner() {
  const { createModel, dense, lstm } = (await import(address!)) as typeof Package;
  const model = await createModel({
    input: { size: x.length },
    layers: [lstm({ hiddenSize: 64 }), dense()],
    output: { at: "last", size: 1 },
  });
  const learner = await model.online();
  return { once: () => learner.step(x), close: () => model.dispose() };
}

/** It answers as a learner's worker does: as many numbers there and back, over a port of its own. */
function echo() {
  const code = `
    require("node:worker_threads").parentPort.on("message", (port) => {
      port.onmessage = ({ data }) => {
        const value = new Float32Array([data.x[0], NaN]);
        port.postMessage({ ok: true, value }, [value.buffer]);
      };
    });`;
  const worker = new Worker(code, { eval: true });
  const { port1, port2 } = new MessageChannel();
  worker.postMessage(port2, [port2 as unknown as import("node:worker_threads").MessagePort]);
  return {
    once: () =>
      new Promise<void>((resolve) => {
        port1.onmessage = () => resolve();
        port1.postMessage({ kind: "step", x: new Float32Array(x) });
      }),
    async close() {
      port1.close();
      await worker.terminate();
    },
  };
}
