/** One step of inference at a time, LSTM 64: in the kernel, and through the public API beside a bare message there and back. */
import { Worker } from "node:worker_threads";
import { createModel } from "retrograd";
import { atMost, type Bench, type Measurement, type Row } from "../bench.js";
import { describe } from "../rivals/retrograd.js";
import { type Contestant, repeated, type Series } from "../rounds.js";
import { digits, median } from "../table.js";
import { draw, small } from "../task.js";

const description = describe(small[0]!);
const x = draw(small[0]!.shape.inputs);

export const streaming: Measurement = { name: "streaming step, lstm 64", run: measure };

async function measure(bench: Bench): Promise<Row[]> {
  const [kernel, short, step, bare] = (await bench.measure(streaming.name, [
    ["kernel", bench.kernel.inference(description, {}, x)],
    ["short", bench.kernel.inference(description, { truncation: 1 }, x)],
    ["learner.step", await byStep()],
    ["bare message", echo()],
  ])) as [Series, Series, Series, Series];
  const micro = (s: Series) => s.rounds.map((ms) => 1000 * ms);
  const ratio = median(step.rounds.map((ms, k) => ms / (bare.rounds[k] ?? Number.NaN)));
  return [
    {
      name: "streaming step, lstm 64 kernel",
      unit: "µs",
      rounds: micro(kernel),
      asked: [atMost(1000 * median(kernel.rounds), 3, "≤ 3 µs")],
    },
    { name: "streaming step, lstm 64 kernel, truncation 1", unit: "µs", rounds: micro(short) },
    {
      name: "streaming step, learner.step",
      unit: "µs",
      rounds: micro(step),
      note: `${digits(ratio)} × a bare message`,
      asked: [atMost(ratio, 1.5, "≤ 1.5 ×")],
    },
    { name: "a bare message there and back", unit: "µs", rounds: micro(bare) },
  ];
}

async function byStep(): Promise<Contestant> {
  const model = await createModel(description);
  const learner = await model.online();
  return repeated(
    async () => void (await learner.step(x)),
    () => model.dispose(),
  );
}

/** A worker that answers as the learner's does: as many numbers there and back, over a port of its own. */
function echo(): Contestant {
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
  return repeated(
    () =>
      new Promise<void>((resolve) => {
        port1.onmessage = () => resolve();
        port1.postMessage({ kind: "step", x: new Float32Array(x) });
      }),
    async () => {
      port1.close();
      await worker.terminate();
    },
  );
}
