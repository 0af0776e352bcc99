/** TensorFlow.js with its wasm back end in the comparison: its layers, `trainOnBatch`. */
import { adamOptions, type Cell, type Contestant, data, type Library, shape, type Weights } from "./task.js";

/** The part of it that is used here. Its own types are there only after it was installed. */
interface Tensorflow {
  version: { "tfjs-core": string };
  env(): { getAsync(flag: string): Promise<boolean> };
  setBackend(name: string): Promise<boolean>;
  sequential(): Sequential;
  layers: Record<"lstm" | "gru" | "simpleRNN" | "dense", (options: object) => unknown>;
  train: { adam(rate: number, beta1: number, beta2: number, epsilon: number): unknown };
  tensor(data: Float32Array, shape: readonly number[]): Disposable;
}
interface Disposable {
  dispose(): void;
}
interface Sequential extends Disposable {
  add(layer: unknown): void;
  compile(options: { optimizer: unknown; loss: string }): void;
  setWeights(weights: unknown[]): void;
  trainOnBatch(x: unknown, y: unknown): Promise<number>;
}

/** Throws when it is not installed, or has no wasm back end with SIMD here. */
export async function tensorflow(): Promise<Library> {
  // Names in variables: neither the type checker nor the bundler looks for packages that may be missing.
  const [core, backend] = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"];
  const tf = await quietly(async () => {
    const loaded = await import(core!);
    await import(backend!);
    return (loaded.default ?? loaded) as Tensorflow;
  });
  if (!(await tf.setBackend("wasm"))) throw new Error("its wasm back end did not start");
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  const threads = await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT");
  if (!simd) throw new Error("its wasm back end found no SIMD");
  return {
    name: "TensorFlow.js wasm",
    version: tf.version["tfjs-core"],
    about: `calls of trainOnBatch, the batch a tensor made before; SIMD on, ${threads ? "several threads" : "one thread"}`,
    open: (cell, start, { bias = true } = {}) => open(tf, cell, start, bias),
  };
}

async function open(tf: Tensorflow, cell: Cell, start: Weights, bias: boolean): Promise<Contestant> {
  const { hiddenSize: units, batch, steps, inputs } = shape;
  // Its default for gates, hardSigmoid, is another function.
  const options = { units, inputShape: [steps, inputs], activation: "tanh", useBias: bias };
  const model = tf.sequential();
  await quietly(async () => {
    if (cell === "rnn") model.add(tf.layers.simpleRNN(options));
    else model.add(tf.layers[cell]({ ...options, recurrentActivation: "sigmoid" }));
    model.add(tf.layers.dense({ units: 1, useBias: bias }));
    const tensors = translate(cell, start, bias).map(({ data, shape }) => tf.tensor(data, shape));
    model.setWeights(tensors);
    for (const tensor of tensors) tensor.dispose();
  });
  const { learningRate, beta1, beta2, epsilon } = adamOptions;
  model.compile({ optimizer: tf.train.adam(learningRate, beta1, beta2, epsilon), loss: "meanSquaredError" });
  const { x, y } = data();
  const [xs, ys] = [tf.tensor(x, [batch, steps, inputs]), tf.tensor(y, [batch, 1])];
  return {
    async train(count) {
      const losses: number[] = [];
      for (let k = 0; k < count; k++) losses.push(await model.trainOnBatch(xs, ys));
      return losses;
    },
    async close() {
      for (const it of [xs, ys, model]) it.dispose();
    },
  };
}

type Matrix = { shape: number[]; data: Float32Array };

/** To its kernel [I, G·H], recurrent kernel [H, G·H], one bias [G·H]; gates i, f, c, o as ours, z, r, h for our r, z, n. */
function translate(cell: Cell, start: Weights, bias: boolean): Matrix[] {
  const order = { lstm: [0, 1, 2, 3], gru: [1, 0, 2], rnn: [0] }[cell];
  const get = (name: string) => start[name]!.data;
  const recurrent = (data: Float32Array) => transposed(data, order.length * shape.hiddenSize, order);
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

/** It greets and warns on the console when loaded and when it draws weights (which are replaced here). */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const kept = { log: console.log, warn: console.warn, info: console.info };
  Object.assign(console, { log() {}, warn() {}, info() {} });
  try {
    return await work();
  } finally {
    Object.assign(console, kept);
  }
}
