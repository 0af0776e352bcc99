// In the page: the same run on one worker and on three.
import { createModel, dense, gru } from "retrograd";

export interface Outcome {
  isolated: boolean;
  /** Weights after the run, for each number of workers. */
  weights: number[][];
}

export async function main(): Promise<Outcome> {
  const x = Array.from({ length: 40 }, (_, i) => Array.from({ length: 6 }, (_, t) => [Math.sin(i + t)]));
  const y = x.map((rows) => rows.reduce((sum, row) => sum + row[0]!, 0));
  const weights: number[][] = [];
  for (const workers of [1, 3]) {
    const model = await createModel(
      { input: { size: 1 }, layers: [gru({ hiddenSize: 5 }), dense()], output: { at: "last", size: 1 } },
      { workers },
    );
    await model.fit({ x, y }, { epochs: 5, batchSize: 12 });
    weights.push(Object.values(await model.parameters()).flatMap(({ data }) => [...data]));
    await model.dispose();
  }
  return { isolated: globalThis.crossOriginIsolated, weights };
}
