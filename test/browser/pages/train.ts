// In the page: learns to add up a sequence, saves the model, loads it again; stops a run from a clock of the page's own.
import { createModel, dense, loadModel, lstm } from "retrograd";

export interface Outcome {
  losses: number[];
  before: number[];
  after: number[];
  /** How a run without end in sight ended that only the page's own clock could stop, after five of its ticks. */
  ended: string;
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

  const losses: number[] = [];
  for await (const progress of model.fit({ x, y }, { epochs: 60 })) {
    if (progress.kind === "epoch") losses.push(progress.loss);
  }

  const before = [...(await model.predict(x.slice(0, 4))).values.data];
  const file = await model.save();
  await model.dispose();
  const again = await loadModel(file);
  const after = [...(await again.predict(x.slice(0, 4))).values.data];

  const endless = again.fit({ x, y }, { epochs: 1e9 });
  let ticks = 0;
  const clock = setInterval(() => {
    if (++ticks === 5) endless.stop();
  }, 10);
  const { reason: ended } = await endless;
  clearInterval(clock);
  await again.dispose();
  return { losses, before, after, ended, isolated: globalThis.crossOriginIsolated };
}
