/** TensorFlow.js, on its wasm or its plain JavaScript back end: its layers, a `trainOnBatch` a step, tensors made before. */
import type { Contestant } from "../rounds.js";
import { adamOptions, type Cell, data, drawIndices, type Task, type Weights } from "../task.js";
import { quietly } from "./quietly.js";
import type { Rival } from "./rival.js";
import { characters } from "./sizes.js";

/** The part of it that is used here. Its own types are there only after it was installed. */
interface Tensorflow {
  version: { "tfjs-core": string };
  env(): { getAsync(flag: string): Promise<boolean> };
  setBackend(name: string): Promise<boolean>;
  sequential(): Sequential;
  layers: Record<"lstm" | "gru" | "simpleRNN" | "dense", (options: object) => unknown>;
  train: { adam(rate: number, beta1: number, beta2: number, epsilon: number): unknown };
  tensor(data: Float32Array, shape: readonly number[]): Tensor;
}
interface Tensor {
  dispose(): void;
}
interface Sequential {
  add(layer: unknown): void;
  compile(options: { optimizer: unknown; loss: string }): void;
  setWeights(weights: unknown[]): void;
  trainOnBatch(x: unknown, y: unknown): Promise<number>;
  dispose(): void;
}
type Backend = "wasm" | "cpu";

/** Throws when it is not installed, or has no such back end here. */
export async function tensorflow(backend: Backend): Promise<Rival> {
  // Names in variables: neither the type checker nor the bundler looks for packages that may be missing.
  const [core, wasm] = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"];
  const tf = await quietly(async () => {
    const loaded = await import(core!);
    await import(wasm!);
    return (loaded.default ?? loaded) as Tensorflow;
  });
  if (!(await tf.setBackend(backend))) throw new Error("its back end did not start");
  const simd = backend === "cpu" || (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"));
  const threads = backend === "wasm" && (await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT"));
  if (!simd) throw new Error("its wasm back end found no SIMD");
  const how = backend === "wasm" ? `SIMD on, ${threads ? "several threads" : "one thread"}` : "plain JavaScript";
  const on = { tf, backend };
  return {
    name: `tfjs ${backend}`,
    version: tf.version["tfjs-core"],
    about: `TensorFlow.js, calls of trainOnBatch on tensors made before, ${how}`,
    reset: "before",
    oneBias: true,
    guess: backend === "wasm" ? 1.5 : 0.25,
    comparable: true,
    // The plain back end needs a second a step.
    refuses: ({ cell, shape }, quick) => backend === "cpu" && quick && (cell !== "lstm" || shape.hiddenSize > 64),
    open: (task, start, { bias = true } = {}) => open(on, task, start, bias),
    // Its embedding has no gradient on the wasm back end, and none that is quick on the other.
    ...(backend === "wasm" && { openCharacters: () => openCharacters(on) }),
  };
}

interface On {
  tf: Tensorflow;
  backend: Backend;
}

function trained({ tf, backend }: On, model: Sequential, x: Tensor, y: Tensor): Contestant {
  return {
    async run(steps) {
      await tf.setBackend(backend);
      const losses: number[] = [];
      const begun = performance.now();
      for (let k = 0; k < steps; k++) losses.push(await model.trainOnBatch(x, y));
      return { ms: performance.now() - begun, losses };
    },
    async close() {
      await tf.setBackend(backend);
      for (const it of [x, y, model]) it.dispose();
    },
  };
}

function adam(tf: Tensorflow): unknown {
  const { learningRate, beta1, beta2, epsilon } = adamOptions;
  return tf.train.adam(learningRate, beta1, beta2, epsilon);
}

async function open(on: On, task: Task, start: Weights, bias: boolean): Promise<Contestant> {
  const { tf, backend } = on;
  await tf.setBackend(backend);
  const { hiddenSize: units, batch, steps, inputs } = task.shape;
  // Its default for gates, hardSigmoid, is another function.
  const options = { units, inputShape: [steps, inputs], activation: "tanh", useBias: bias };
  const model = tf.sequential();
  await quietly(async () => {
    if (task.cell === "rnn") model.add(tf.layers.simpleRNN(options));
    else model.add(tf.layers[task.cell]({ ...options, recurrentActivation: "sigmoid" }));
    model.add(tf.layers.dense({ units: 1, useBias: bias }));
    const tensors = translate(task.cell, units, start, bias).map(({ data, shape }) => tf.tensor(data, shape));
    model.setWeights(tensors);
    for (const tensor of tensors) tensor.dispose();
  });
  model.compile({ optimizer: adam(tf), loss: "meanSquaredError" });
  const { x, y } = data(task.shape);
  return trained(on, model, tf.tensor(x, [batch, steps, inputs]), tf.tensor(y, [batch, 1]));
}

/** One-hot rows through a dense layer instead of an embedding: the same function. Its own initial weights. */
async function openCharacters(on: On): Promise<Contestant> {
  const { tf, backend } = on;
  await tf.setBackend(backend);
  const { batch, steps, tokens, embedding, hiddenSize } = characters;
  const model = tf.sequential();
  await quietly(async () => {
    model.add(tf.layers.dense({ units: embedding, useBias: false, inputShape: [steps, tokens] }));
    const gru = { units: hiddenSize, activation: "tanh", recurrentActivation: "sigmoid", returnSequences: true };
    model.add(tf.layers.gru(gru));
    model.add(tf.layers.dense({ units: tokens, activation: "softmax" }));
  });
  model.compile({ optimizer: adam(tf), loss: "categoricalCrossentropy" });
  const oneHot = (seed: number) => {
    const rows = new Float32Array(batch * steps * tokens);
    drawIndices(batch * steps, tokens, seed).forEach((token, row) => {
      rows[row * tokens + token] = 1;
    });
    return tf.tensor(rows, [batch, steps, tokens]);
  };
  return trained(on, model, oneHot(1), oneHot(2));
}

type Matrix = { shape: number[]; data: Float32Array };

/** To its kernel [I, G·H], recurrent kernel [H, G·H], one bias [G·H]; gates i, f, c, o as ours, z, r, h for our r, z, n. */
function translate(cell: Cell, hiddenSize: number, start: Weights, bias: boolean): Matrix[] {
  const order = { lstm: [0, 1, 2, 3], gru: [1, 0, 2], rnn: [0] }[cell];
  const get = (name: string) => start[name]!.data;
  const recurrent = (data: Float32Array) => transposed(data, order.length * hiddenSize, order);
  const list = [recurrent(get("0.weight_ih_l0")), recurrent(get("0.weight_hh_l0"))];
  if (bias) {
    // It has one where PyTorch and we have two, which move twice as far under Adam: losses part after the first update.
    const { data } = recurrent(get("0.bias_ih_l0").map((b, k) => b + get("0.bias_hh_l0")[k]!));
    list.push({ shape: [data.length], data });
  }
  list.push(transposed(get("1.weight"), 1, [0]));
  if (bias) list.push({ shape: [1], data: get("1.bias") });
  return list;
}

/** [outputs, K] as [K, outputs], gate `order[g]` in place g. */
function transposed(data: Float32Array, outputs: number, order: readonly number[]): Matrix {
  const inputs = data.length / outputs;
  const size = outputs / order.length;
  const result = new Float32Array(data.length);
  order.forEach((from, gate) => {
    for (let unit = 0; unit < size; unit++)
      for (let k = 0; k < inputs; k++)
        result[k * outputs + gate * size + unit] = data[(from * size + unit) * inputs + k]!;
  });
  return { shape: [inputs, outputs], data: result };
}
