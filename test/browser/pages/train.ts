// In the page: learns to add up a sequence, saves the model, loads it again; watches that the page stays responsive.
import { createModel, dense, loadModel, lstm } from "retrograd";

export interface Outcome {
  losses: number[];
  before: number[];
  after: number[];
  /** Frames of 10 ms that the page's own thread got while the worker trained, and the longest wait for one. */
  ticks: number;
  longest: number;
  isolated: boolean;
}

export async function main(): Promise<Outcome> {
  const x = Array.from({ length: 64 }, (_, i) =>
    Array.from({ length: 8 }, (_, t) => [((i * 7 + t * 3) % 11) / 11 - 0.5]),
  );
  const y = x.map((rows) => rows.reduce((sum, row) => sum + row[0]!, 0));

  const model = await createModel({
    input: { size: 1 },
    layers: [lstm({ hiddenSize: 16 }), dense()],
    output: { at: "last", size: 1 },
    seed: 1,
  });

  let ticks = 0;
  let longest = 0;
  let last = performance.now();
  const clock = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    ticks++;
  }, 10);
  const losses: number[] = [];
  for await (const progress of model.fit({ x, y }, { epochs: 60 })) {
    if (progress.kind === "epoch") losses.push(progress.loss);
  }
  clearInterval(clock);

  const before = [...(await model.predict(x.slice(0, 4))).values.data];
  const file = await model.save();
  await model.dispose();
  const again = await loadModel(file);
  const after = [...(await again.predict(x.slice(0, 4))).values.data];
  await again.dispose();
  return { losses, before, after, ticks, longest, isolated: globalThis.crossOriginIsolated };
}
