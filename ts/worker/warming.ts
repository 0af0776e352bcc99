/**
 * Trains a tiny model of the caller's kind of cell and throws it away, while the caller encodes its data. V8 compiles a
 * function of the kernel when it is first called, and compiles it well in another thread once it has been used: so what is
 * done here need not be done later, and that thread begins earlier. Without it, the first step of LSTM 64,32,50,8 takes
 * 3.5 times as long as those that follow, with it twice as long; the whole from the import takes as long as before. A prediction asked
 * for at once comes one millisecond later, at most the first piece, which is some eight.
 */
import type { Kernel } from "../kernel/kernel.js";
import { readAll } from "./reading.js";
import type { Breather } from "./slices.js";

/** One step is enough work for V8 to take the products for used much. */
const SHAPE = { sequences: 8, steps: 16, inputs: 8, hiddenSize: 32 };
/** Milliseconds in all. A call that comes meanwhile waits for one piece of it, and then there is no other. */
const BUDGET = 10;

export interface WarmingOptions {
  kernel: Kernel;
  /** JSON of the model that was made. */
  description: string;
  breather: Breather;
  /** Milliseconds. */
  now: () => number;
  /** Somebody has called. */
  over: () => boolean;
}

export async function warm({ kernel, description, breather, now, over }: WarmingOptions): Promise<void> {
  await breather.breathe();
  if (over()) return;
  const kind = /"kind":"(gru|rnn)"/.exec(description)?.[1] ?? "lstm";
  const { hiddenSize, inputs } = SHAPE;
  const layers = [{ kind, hiddenSize }, { kind: "dense" }];
  const output = { at: "last", size: 1 };
  const model = kernel.Model.create(JSON.stringify({ input: { size: inputs }, layers, output }));
  try {
    const session = kernel.Session.fit(model, readAll(kernel, batch()), '{"steps":1000000}', undefined, "");
    try {
      const end = now() + BUDGET;
      do {
        session.run(1);
        await breather.breathe();
      } while (!over() && now() < end);
    } finally {
      session.free();
    }
  } finally {
    model.free();
  }
}

/** A bundle as ts/data makes them, by hand: that code is not in the worker. */
function batch(): Uint8Array {
  const { sequences, steps, inputs } = SHAPE;
  const rows = sequences * steps;
  const ends = [sequences, sequences + rows * inputs, 2 * sequences + rows * inputs] as const;
  const tensor = (dtype: string, shape: number[], from: number, to: number) => ({
    dtype,
    shape,
    data_offsets: [4 * from, 4 * to],
  });
  const text = JSON.stringify({
    __metadata__: { kind: "sequences" },
    lengths: tensor("I32", [sequences], 0, ends[0]),
    x: tensor("F32", [rows, inputs], ends[0], ends[1]),
    y: tensor("F32", [sequences, 1], ends[1], ends[2]),
  });
  const header = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const bytes = new Uint8Array(8 + header.length + 4 * ends[2]);
  bytes.set(header, 8);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  new Int32Array(bytes.buffer, 8 + header.length, sequences).fill(steps);
  new Float32Array(bytes.buffer, 8 + header.length + 4 * sequences, rows * inputs).fill(0.5);
  return bytes;
}
