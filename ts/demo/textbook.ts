/**
 * The textbook example: a two-unit tanh network without an output layer reads the rows of the XOR table, each five times
 * in a row, and predicts the next row; one update of plain gradient descent per time step.
 * The NumPy version that many have met has wrong shapes, runs past the end of its data and multiplies the wrong factors.
 */
import { createModel, type Learner, type Model, type ModelDescription, rnn, sgd } from "retrograd";
import { differences, type Weights } from "./elman64.js";
import { Bar } from "./progress.js";
import { mulberry32 } from "./random.js";
import { heading, paragraph, seconds, table } from "./say.js";

const ROWS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
/** Each row five times: a cycle of 20 steps. */
const CYCLE = ROWS.flatMap((row) => Array.from({ length: 5 }, () => row));
const STEPS = 99;
/** And then so many in all, to see where it leads. */
const MORE = 10_000;
const RATE = 0.1;
const SEED = 1;

/** Step t of the endless cycle. */
const at = (t: number): number[] => CYCLE[t % CYCLE.length]!;

/**
 * The third input is always 1, so the third column of the input weights is b. The package has biases of its own, but two
 * of them, as PyTorch; both would take each step, and b would move at twice the rate.
 */
const NETWORK: ModelDescription = {
  input: { size: 3 },
  layers: [rnn({ hiddenSize: 2, bias: false })],
  output: { at: "every" },
};
const X = Array.from({ length: STEPS }, (_, t) => at(t));
const Y = Array.from({ length: STEPS }, (_, t) => at(t + 1));
const ALL = { x: [X.map((row) => [...row, 1])], y: [Y] };

export interface Textbook {
  before: number;
  after: number;
  /** After many more. */
  later: number;
  /** Of predicting the mean of all rows, and of predicting that the row stays as it is. */
  baselines: { mean: number; same: number };
  /** Of each step's prediction, before its update. */
  losses: number[];
  weights: Weights;
  /** The largest difference between gradient and finite difference, relative to the largest gradient. */
  deviation: number;
  /** ‖∂L/∂h_t‖ of the last step's loss alone, before and after. */
  norms: { before: Float32Array; after: Float32Array };
}

export async function textbook(): Promise<Textbook> {
  const start = performance.now();
  heading("1  The textbook example, made right");
  paragraph(`h_t = tanh(W h_(t-1) + U x_t + b) with two units and no output layer: the state is the prediction. It reads
    the rows of the XOR table, each five times in a row, and predicts the next row. One update per time step for ${STEPS}
    steps: gradient descent at rate ${RATE} through the last 20 steps, mean squared error, weights uniform in [-1, 1].`);
  const model = await createModel(NETWORK);
  try {
    const result = await train(model);
    report(result);
    console.log(`  time ${seconds(start)}`);
    return result;
  } finally {
    await model.dispose();
  }
}

async function train(model: Model): Promise<Textbook> {
  const random = mulberry32(SEED);
  const uniform = (n: number) => Array.from({ length: n }, () => 2 * random() - 1);
  await model.setParameters({
    "0.weight_hh_l0": { shape: [2, 2], data: uniform(4) },
    "0.weight_ih_l0": { shape: [2, 3], data: uniform(6) },
  });
  const before = await model.evaluate(ALL);
  const normsBefore = await lastStepNorms(model);
  const learner = await model.online({
    algorithm: "tbptt",
    truncation: CYCLE.length,
    optimizer: sgd({ learningRate: RATE }),
    clip: "none",
  });
  const losses = await learnOnline(learner);
  const after = await model.evaluate(ALL);
  const checked = await checkGradient(model);
  const norms = { before: normsBefore, after: await lastStepNorms(model) };

  const rest = Array.from({ length: MORE - STEPS }, (_, i) => STEPS + i);
  await learner.run(
    rest.map((t) => [...at(t), 1]),
    rest.map((t) => at(t + 1)),
  );
  await learner[Symbol.asyncDispose]();
  const later = await model.evaluate(ALL);
  const baselines = {
    mean: meanSquare(Y.map((row) => row.map((value) => value - 0.5))),
    same: meanSquare(Y.map((row, t) => row.map((value, i) => value - X[t]![i]!))),
  };
  return { before: before.loss, after: after.loss, later: later.loss, baselines, losses, ...checked, norms };
}

/** Predicts, then learns, at each step. */
async function learnOnline(learner: Learner): Promise<number[]> {
  const bar = new Bar(STEPS);
  const losses: number[] = [];
  const start = performance.now();
  for (let t = 0; t < STEPS; t++) {
    const { loss } = await learner.step([...at(t), 1], at(t + 1));
    losses.push(loss!);
    bar.update(t + 1, { loss: loss!, stepsPerSecond: (1000 * (t + 1)) / (performance.now() - start) });
  }
  bar.stop();
  return losses;
}

/** The kernel's gradient over all steps beside finite differences of the same loss in 64-bit floats. */
async function checkGradient(model: Model): Promise<{ weights: Weights; deviation: number }> {
  const weights = split(await model.parameters());
  const expected = flat(differences(weights, X, Y));
  const found = flat(split((await model.gradients(ALL)).parameters));
  const largest = Math.max(...expected.map(Math.abs));
  return { weights, deviation: Math.max(...found.map((g, i) => Math.abs(g - expected[i]!))) / largest };
}

/** ‖∂L/∂h_t‖ over one cycle, where only its last step counts: how far back an error is felt. */
async function lastStepNorms(model: Model): Promise<Float32Array> {
  const n = CYCLE.length;
  const sampleWeight = [Array.from({ length: n }, (_, t) => (t === n - 1 ? 1 : 0))];
  const { hidden } = await model.gradients({ x: [ALL.x[0]!.slice(0, n)], y: [Y.slice(0, n)], sampleWeight });
  return hidden[0]!.norms;
}

/** Tensors by PyTorch's names as W, U and b. */
function split(tensors: Record<string, { data: Float32Array }>): Weights {
  const [w, u] = [tensors["0.weight_hh_l0"]!.data, tensors["0.weight_ih_l0"]!.data];
  const at = (data: Float32Array, width: number, columns: number[]) =>
    [0, 1].map((i) => columns.map((j) => data[i * width + j]!));
  return { W: at(w, 2, [0, 1]), U: at(u, 3, [0, 1]), b: at(u, 3, [2]).flat() };
}

function flat({ W, U, b }: Weights): number[] {
  return [...W.flat(), ...U.flat(), ...b];
}

function meanSquare(errors: readonly number[][]): number {
  const all = errors.flat();
  return all.reduce((sum, e) => sum + e * e, 0) / all.length;
}

function report({ before, after, later, baselines, weights, deviation }: Textbook): void {
  table([
    [`mean squared error over the ${STEPS} steps`, ""],
    ["before", before.toFixed(4)],
    [`after ${STEPS} updates`, after.toFixed(4)],
    [`after ${MORE.toLocaleString("en")} updates`, later.toFixed(4)],
    ["baseline: always the mean of the rows", baselines.mean.toFixed(4)],
    ["baseline: the row stays as it is", baselines.same.toFixed(4)],
  ]);
  console.log(`  after ${STEPS} updates:`);
  const number = (v: number) => v.toFixed(4).padStart(8);
  const [W, U] = [weights.W, weights.U];
  for (const i of [0, 1]) {
    const name = (text: string) => (i === 0 ? `${text} = ` : "    ");
    const row = (values: readonly number[]) => `[${values.map(number).join(" ")} ]`;
    console.log(`  ${name("W")}${row(W[i]!)}   ${name("U")}${row(U[i]!)}   ${name("b")}${row([weights.b[i]!])}`);
  }
  console.log(
    `  gradient against central differences in 64-bit floats: ${deviation.toExponential(1)} of the largest element (bound 1e-5)`,
  );
  if (!(deviation <= 1e-5)) throw new Error("the gradient is not that of the loss");
}
