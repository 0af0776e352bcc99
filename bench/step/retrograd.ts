/** Retrograd in the comparison, through its public API. */
import { adam, createModel, dense, gru, lstm, type Model, rnn } from "retrograd";
import { adamOptions, type Cell, type Contestant, data, type Library, shape, type Weights } from "./task.js";

export type Reset = "before" | "after";

/** GRUs of TensorFlow.js reset before the product, as the original does: so does ours beside them. */
function make(cell: Cell, bias: boolean, reset: Reset): Promise<Model> {
  const { hiddenSize } = shape;
  const layer = {
    lstm: () => lstm({ hiddenSize, bias }),
    gru: () => gru({ hiddenSize, bias, reset }),
    rnn: () => rnn({ hiddenSize, bias }),
  };
  return createModel({
    input: { size: shape.inputs },
    layers: [layer[cell](), dense({ bias })],
    output: { at: "last", size: 1 },
    seed: 1,
  });
}

const batch = () => {
  const { x, y } = data();
  return { x: { shape: [shape.batch, shape.steps, shape.inputs], data: x }, y };
};

/** The weights that every library starts from. */
export async function startingWeights(cell: Cell, { bias = true } = {}): Promise<Weights> {
  const model = await make(cell, bias, "before");
  try {
    return await model.parameters();
  } finally {
    await model.dispose();
  }
}

async function open(cell: Cell, start: Weights, bias: boolean, reset: Reset): Promise<Model> {
  const model = await make(cell, bias, reset);
  await model.setParameters(start);
  return model;
}

/** Each `train` is a fit: the optimiser starts anew, the weights go on. */
export function byFit(version: string, { reset = "before" as Reset } = {}): Library {
  return {
    name: reset === "before" ? "Retrograd" : "Retrograd, reset after",
    version,
    about:
      "whole fits of full-batch steps, from the call to the history: copying the data into the worker, forward, loss, backward, Adam, reports",
    async open(cell, start, { bias = true } = {}): Promise<Contestant> {
      const model = await open(cell, start, bias, reset);
      const samples = batch();
      return {
        async train(steps) {
          const optimizer = adam(adamOptions);
          const history = await model.fit(samples, {
            steps,
            batchSize: "full",
            optimizer,
            clip: "none",
            recordEvery: 1,
          });
          return Array.from(history.steps.loss);
        },
        close: () => model.dispose(),
      };
    },
  };
}

/** Each step is a call of a trainer: the batch goes to the worker every time, and the loss and state come back. */
export function byTrainer(version: string): Library {
  return {
    name: "Retrograd, trainer",
    version,
    about:
      "calls of trainer.step: the batch is copied and sent to the worker for every step, the loss and the final state come back",
    async open(cell, start, { bias = true } = {}): Promise<Contestant> {
      const model = await open(cell, start, bias, "before");
      const samples = batch();
      const trainer = await model.trainer({ optimizer: adam(adamOptions), clip: "none" });
      return {
        async train(steps) {
          const losses: number[] = [];
          for (let k = 0; k < steps; k++) losses.push((await trainer.step(samples)).loss);
          return losses;
        },
        close: () => model.dispose(),
      };
    },
  };
}
