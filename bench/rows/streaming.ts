/** One step of inference at a time, LSTM 64: in the kernel, and through the public API beside a bare message there and back. */
import { atMost, type Bench, type Measurement, type Row } from "../bench.js";
import { fresh } from "../fresh/fresh.js";
import { describe } from "../rivals/retrograd.js";
import type { Series } from "../rounds.js";
import { digits, median } from "../table.js";
import { draw, small } from "../task.js";

const description = describe(small[0]!);
const x = draw(small[0]!.shape.inputs);

export const streaming: Measurement = { name: "streaming step, lstm 64", run: measure };

async function measure(bench: Bench): Promise<Row[]> {
  const [kernel, short] = (await bench.measure(streaming.name, [
    ["kernel", bench.kernel.inference(description, {}, x)],
    ["short", bench.kernel.inference(description, { truncation: 1 }, x)],
  ])) as [Series, Series];
  // With both workers in one process, which of them shares a core with the caller decides: a message between cores takes thrice
  // as long as one on a core.
  const [step, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < (bench.quick ? 3 : 9); round++) {
    step.push(...(await fresh<number>("message", ["step"], 1)));
    bare.push(...(await fresh<number>("message", ["bare"], 1)));
  }
  const micro = (s: Series) => s.rounds.map((ms) => 1000 * ms);
  const ratio = median(step) / median(bare);
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
      rounds: step,
      note: `${digits(ratio)} × a bare message`,
      asked: [atMost(ratio, 1.5, "≤ 1.5 ×")],
    },
    { name: "a bare message there and back", unit: "µs", rounds: bare },
  ];
}
