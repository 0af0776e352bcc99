/**
 * brain.js: one series at a time and no batches, every next value predicted, its own optimiser, its own initial weights, one
 * input. Only the rows of one sequence can stand beside it, and they are not the same task: a figure for the order of size.
 */
import { adamOptions, draw } from "../task.js";
import { quietly } from "./quietly.js";
import type { Rival } from "./rival.js";
import { versionOf } from "./version.js";

interface Brain {
  recurrent: Record<"RNNTimeStep" | "LSTMTimeStep" | "GRUTimeStep", new (options: object) => Network>;
}
interface Network {
  train(
    data: number[][],
    options: { iterations: number; errorThresh: number; learningRate: number },
  ): { error: number };
}

/** Throws when it is not installed. */
export async function brain(): Promise<Rival> {
  const name = "brain.js";
  const loaded = (await quietly(() => import(name))) as { default: Brain };
  const { recurrent } = loaded.default;
  const version = versionOf(name);
  return {
    name,
    version,
    about:
      "time-step networks, one iteration of train a step: one series, each next value predicted, its own optimiser",
    reset: "after",
    oneBias: true,
    guess: 0.1,
    comparable: false,
    refuses: ({ shape }) => shape.batch > 1 || shape.inputs > 1,
    async open({ cell, shape }) {
      const kinds = { rnn: "RNNTimeStep", lstm: "LSTMTimeStep", gru: "GRUTimeStep" } as const;
      const network = new recurrent[kinds[cell]]({ inputSize: 1, hiddenLayers: [shape.hiddenSize], outputSize: 1 });
      const options = { errorThresh: 0, learningRate: adamOptions.learningRate };
      const series = Array.from(draw(shape.steps), (x) => 0.5 + 0.4 * x);
      return {
        async run(steps) {
          const begun = performance.now();
          const { error } = network.train([series], { iterations: steps, ...options });
          return { ms: performance.now() - begun, losses: [error] };
        },
        close() {},
      };
    },
  };
}
