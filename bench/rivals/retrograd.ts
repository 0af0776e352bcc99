/** Retrograd itself through its public API: what a user has, and the weights that all start from. */
import { adam, createModel, dense, gru, lstm, type ModelDescription, type Runtime, rnn } from "retrograd";
import type { Contestant } from "../rounds.js";
import { adamOptions, type Cell, samples, type Task, type Weights } from "../task.js";

export interface LayerOptions {
  bias?: boolean;
  reset?: "before" | "after";
  numLayers?: number;
  bidirectional?: boolean;
}

export function recurrent(cell: Cell, hiddenSize: number, { reset = "after", ...options }: LayerOptions = {}) {
  if (cell === "lstm") return lstm({ hiddenSize, ...options });
  return cell === "gru" ? gru({ hiddenSize, reset, ...options }) : rnn({ hiddenSize, ...options });
}

export function describe({ cell, shape }: Task, options: LayerOptions = {}): ModelDescription {
  return {
    input: { size: shape.inputs },
    layers: [recurrent(cell, shape.hiddenSize, options), dense({ bias: options.bias ?? true })],
    output: { at: "last", size: 1 },
    seed: 1,
  };
}

export const training = { optimizer: adam(adamOptions), clip: "none" } as const;

export async function startingWeights(task: Task, options?: LayerOptions): Promise<Weights> {
  const model = await createModel(describe(task, options));
  try {
    return await model.parameters();
  } finally {
    await model.dispose();
  }
}

/** Each `run` is a fit: the optimiser starts anew, the weights go on. On the wall clock, from the call to the history. */
export async function byFit(task: Task, options?: LayerOptions, runtime?: Runtime): Promise<Contestant> {
  const model = await createModel(describe(task, options), runtime);
  const data = samples(task.shape);
  return {
    leastSteps: 5,
    async run(steps) {
      const begun = performance.now();
      const history = await model.fit(data, { steps, batchSize: "full", recordEvery: 1, ...training });
      return { ms: performance.now() - begun, losses: Array.from(history.steps.loss) };
    },
    close: () => model.dispose(),
  };
}
