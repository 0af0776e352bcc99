/**
 * The problems that are judged by the median of five seeds: model, run, data and what is asked of each, as one table; and the
 * training of one. `medians.ts` prints them at full size, test/api/learning.test.ts trains each for some steps.
 */
import { join } from "node:path";
import {
  adam,
  adamw,
  type BatchSource,
  binaryCrossEntropy,
  cosineDecay,
  createModel,
  type Data,
  dense,
  dropout,
  gru,
  type Layer,
  lstm,
  type ModelDescription,
  oneCycle,
  type RunDescription,
  type Samples,
} from "retrograd";
import { adding } from "./adding.js";
import { frameLikelihood, KEYS, readChorales } from "./chorales.js";
import { digits } from "./digits.js";

export interface Parts {
  train: Data;
  /** Settings were chosen by it. */
  validation: () => Samples;
  /** Of the last model, once. */
  test: () => Samples;
}

export interface Problem {
  name: string;
  cell: "LSTM" | "GRU";
  /** Without its seed, which is that of the trial. */
  model: ModelDescription;
  run: RunDescription;
  /** Whether the run looks at the validation part itself, to end and to keep the best weights. */
  watches?: boolean;
  figure: {
    name: string;
    asked: number;
    atLeast?: boolean;
    of(evaluated: { loss: number } & Record<string, number>): number;
  };
  /** `folder`: where shared data sets lie. A text says why there are none. */
  data(seed: number, folder: string): Parts | string;
}

/** Fresh sequences that an adding model is measured on. */
const FRESH = 2000;

function addingData(seed: number, length: number): Parts {
  const train: BatchSource = function* (start) {
    for (let index = start; ; index++) yield adding({ seed, index, count: 32, length });
  };
  const fresh = (part: "validation" | "test") => adding({ seed, count: FRESH, length, part });
  return { train, validation: () => fresh("validation"), test: () => fresh("test") };
}

const squaredError = (asked: number) => ({
  name: "mean squared error",
  asked,
  of: ({ loss }: { loss: number }) => loss,
});

const addingModel = (cell: typeof lstm | typeof gru): ModelDescription => ({
  input: { size: 2 },
  layers: [cell({ hiddenSize: 32 }), dense()],
  output: { at: "last", size: 1 },
});

const addingRun = (steps: number): RunDescription => ({
  steps,
  optimizer: adam({ learningRate: cosineDecay({ initial: 1e-2, steps }) }),
  clip: { norm: 1 },
});

const digitsEpochs = 6;
const digitsBatch = 100;

/** The same in both rows of the chorales, but for the cell and what was chosen with it. */
function chorales(
  cell: Problem["cell"],
  {
    recurrent,
    drop,
    epochs,
    rate,
    decay,
  }: { recurrent: Layer; drop: number; epochs: number; rate: number; decay: number },
): Problem {
  const batchSize = 2;
  const steps = epochs * Math.ceil(229 / batchSize);
  return {
    name: "chorales, next frame",
    cell,
    model: {
      input: { size: KEYS },
      layers: [dropout({ rate: 0.1 }), recurrent, dropout({ rate: drop }), dense()],
      output: { at: "every", size: KEYS },
      loss: binaryCrossEntropy(),
    },
    run: {
      epochs,
      batchSize,
      optimizer: adamw({ learningRate: cosineDecay({ initial: rate, steps, warmup: 50 }), weightDecay: decay }),
      clip: { norm: 1 },
      patience: 15,
      metrics: ["loss"],
    },
    watches: true,
    figure: { name: "nats a frame", asked: 8.45, of: ({ loss }) => frameLikelihood(loss) },
    data(_, folder) {
      const file = join(folder, "jsb_chorales.json");
      const parts = readChorales(file);
      if (!parts) return `not measured: there is no ${file}`;
      return { train: parts.train, validation: () => parts.validation, test: () => parts.test };
    },
  };
}

export const problems: readonly Problem[] = [
  {
    name: "adding, T = 100",
    cell: "LSTM",
    model: addingModel(lstm),
    run: addingRun(4000),
    figure: squaredError(0.001),
    data: (seed) => addingData(seed, 100),
  },
  {
    name: "adding, T = 100",
    cell: "GRU",
    model: addingModel(gru),
    run: addingRun(4000),
    figure: squaredError(0.001),
    data: (seed) => addingData(seed, 100),
  },
  {
    name: "adding, T = 400",
    cell: "GRU",
    model: addingModel(gru),
    run: addingRun(4000),
    figure: squaredError(0.01),
    data: (seed) => addingData(seed, 400),
  },
  {
    name: "digits by rows",
    cell: "GRU",
    model: {
      input: { size: 28 },
      layers: [gru({ hiddenSize: 64 }), dense()],
      output: { at: "last", classes: 10 },
    },
    run: {
      epochs: digitsEpochs,
      batchSize: digitsBatch,
      optimizer: adam({
        learningRate: oneCycle({ maximum: 5e-3, steps: (digitsEpochs * 55_000) / digitsBatch, cycleMomentum: false }),
      }),
      clip: { norm: 1 },
    },
    figure: { name: "accuracy", asked: 0.98, atLeast: true, of: ({ accuracy }) => accuracy! },
    data: () => ({ train: digits("train"), validation: () => digits("validation"), test: () => digits("test") }),
  },
  chorales("LSTM", { recurrent: lstm({ hiddenSize: 200 }), drop: 0.4, epochs: 60, rate: 1e-2, decay: 0.01 }),
  chorales("GRU", { recurrent: gru({ hiddenSize: 256 }), drop: 0.5, epochs: 40, rate: 8e-3, decay: 0.15 }),
];

export interface Trial {
  /** Of the model, its data and its run. */
  seed: number;
  folder: string;
  part?: "test" | "validation";
}

/** The figure of a part that the model has not seen, once it is trained; or why it cannot be. */
export async function trainProblem(problem: Problem, { seed, folder, part = "test" }: Trial): Promise<number | string> {
  const parts = problem.data(seed, folder);
  if (typeof parts === "string") return parts;
  const model = await createModel({ ...problem.model, seed });
  try {
    await model.fit(parts.train, withControls(problem, parts, seed));
    const metrics = problem.run.metrics ? { metrics: problem.run.metrics } : {};
    return problem.figure.of(await model.evaluate(part === "test" ? parts.test() : parts.validation(), metrics));
  } finally {
    await model.dispose();
  }
}

/** A problem's run, of a seed, with the data that it watches. */
export function withControls(problem: Problem, { validation }: Pick<Parts, "validation">, seed: number) {
  return { ...problem.run, seed, ...(problem.watches ? { validationData: validation() } : {}) };
}

export function met({ figure: { asked, atLeast } }: Problem, value: number): boolean {
  return atLeast ? value >= asked : value <= asked;
}
