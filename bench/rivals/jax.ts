/**
 * jax-js on its wasm back end: the recurrence unrolled over the steps, loss, gradients and Adam in one `jit`; its first step
 * compiles for seconds. Its arrays count their references: `.ref` where one is used again.
 */
import type { Contestant } from "../rounds.js";
import { adamOptions, type Cell, data, type Task, type Weights } from "../task.js";
import type { Rival } from "./rival.js";
import { versionOf } from "./version.js";

interface Value {
  readonly ref: Value;
  add(other: Value | number): Value;
  sub(other: Value | number): Value;
  mul(other: Value | number): Value;
  div(other: Value | number): Value;
  reshape(shape: readonly number[]): Value;
  transpose(): Value;
  slice(...index: (number | [] | [number, number])[]): Value;
  data(): Promise<Float32Array>;
  dispose(): void;
}
interface Jax {
  init(backend: string): Promise<string[]>;
  defaultDevice(device: string): string;
  jit<A extends unknown[], R>(f: (...a: A) => R): (...a: A) => R;
  valueAndGrad(f: (...a: Value[]) => Value, options: { argnums: number[] }): (...a: Value[]) => [Value, Value[]];
  nn: { sigmoid(x: Value): Value };
  numpy: {
    array(data: Float32Array): Value;
    zeros(shape: readonly number[]): Value;
    matmul(a: Value, b: Value): Value;
    tanh(x: Value): Value;
    sqrt(x: Value): Value;
    mean(x: Value): Value;
  };
}

/** Throws when it is not installed, or has no wasm here. */
export async function jax(): Promise<Rival> {
  const name = "@jax-js/jax";
  const it = (await import(name)) as unknown as Jax;
  if (!(await it.init("wasm")).includes("wasm")) throw new Error("its wasm back end did not start");
  it.defaultDevice("wasm");
  return {
    name: "jax-js",
    version: versionOf(name),
    about: "wasm, forward, backward and Adam in one jit, unrolled over the steps; one thread in Node",
    reset: "after",
    oneBias: false,
    guess: 1.5,
    comparable: true,
    // It compiles for seconds at the smallest sizes and for minutes at the largest.
    refuses: ({ cell, shape }, quick) =>
      shape.hiddenSize > (quick ? 64 : 128) || (quick && (cell !== "lstm" || shape.batch === 1)),
    open: (task, start, { bias = true } = {}) => open(it, task, start, bias),
  };
}

async function open(jax: Jax, task: Task, start: Weights, bias: boolean): Promise<Contestant> {
  const np = jax.numpy;
  const { batch, steps, inputs } = task.shape;
  const names = Object.keys(start).filter((name) => bias || !name.includes("bias"));
  const count = names.length;
  let parameters = names.map((name) => np.array(start[name]!.data.slice()).reshape(start[name]!.shape));
  let [first, second] = [0, 1].map(() => names.map((name) => np.zeros(start[name]!.shape))) as [Value[], Value[]];
  const { x, y } = data(task.shape);
  // The batch in time-major order, so that a step is a slice of its own.
  const major = new Float32Array(x.length);
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < steps; t++)
      major.set(x.subarray((b * steps + t) * inputs, (b * steps + t + 1) * inputs), (t * batch + b) * inputs);
  const xs = np.array(major).reshape([steps, batch, inputs]);
  const ys = np.array(y).reshape([batch, 1]);

  const { learningRate, beta1, beta2, epsilon } = adamOptions;
  const gradients = jax.valueAndGrad(lossOf(jax, task, names), { argnums: names.map((_, k) => k) });
  const step = jax.jit((rate: Value, scale: Value, ...all: Value[]) => {
    const [theta, m, v] = [0, 1, 2].map((k) => all.slice(k * count, (k + 1) * count)) as [Value[], Value[], Value[]];
    const [loss, gradient] = gradients(...theta.map((p) => p.ref), all[3 * count]!, all[3 * count + 1]!);
    const next: Value[] = [loss];
    const [ms, vs]: [Value[], Value[]] = [[], []];
    gradient.forEach((g, k) => {
      ms.push(m[k]!.mul(beta1).add(g.ref.mul(1 - beta1)));
      vs.push(v[k]!.mul(beta2).add(g.ref.mul(g).mul(1 - beta2)));
    });
    theta.forEach((p, k) => {
      const root = np.sqrt(vs[k]!.ref.mul(scale.ref)).add(epsilon);
      next.push(p.sub(ms[k]!.ref.mul(rate.ref).div(root)));
    });
    rate.dispose();
    scale.dispose();
    return [...next, ...ms, ...vs];
  });

  let done = 0;
  return {
    async run(many) {
      const losses: number[] = [];
      const begun = performance.now();
      for (let k = 0; k < many; k++) {
        done++;
        const rate = np.array(new Float32Array([learningRate / (1 - beta1 ** done)]));
        const scale = np.array(new Float32Array([1 / (1 - beta2 ** done)]));
        const [loss, ...next] = step(rate, scale, ...parameters, ...first, ...second, xs.ref, ys.ref);
        [parameters, first, second] = [0, 1, 2].map((k) => next.slice(k * count, (k + 1) * count)) as [
          Value[],
          Value[],
          Value[],
        ];
        losses.push((await loss!.data())[0]!);
      }
      return { ms: performance.now() - begun, losses };
    },
    close() {
      for (const it of [...parameters, ...first, ...second, xs, ys]) it.dispose();
    },
  };
}

/** Mean squared error as a function of the parameters, in the order of `names`, then x [T, B, I] and y [B, 1]. */
function lossOf({ numpy: np, nn }: Jax, { cell, shape }: Task, names: readonly string[]) {
  const { hiddenSize: h, batch, steps } = shape;
  return (...all: Value[]): Value => {
    const of = (name: string) => all[names.indexOf(name)];
    const [wi, wh] = [of("0.weight_ih_l0")!.transpose(), of("0.weight_hh_l0")!.transpose()];
    const [bi, bh] = [of("0.bias_ih_l0"), of("0.bias_hh_l0")];
    const biased = (sum: Value, b: Value | undefined) => (b ? sum.add(b.ref) : sum);
    const [xs, y] = all.slice(names.length) as [Value, Value];
    let state = np.zeros([batch, h]);
    let memory = np.zeros([batch, h]);
    for (let t = 0; t < steps; t++) {
      const input = biased(np.matmul(xs.ref.slice(t), wi.ref), bi);
      const hidden = biased(np.matmul(state.ref, wh.ref), bh);
      [state, memory] = advance(cell, input, hidden, state, memory);
    }
    for (const it of [xs, wi, wh, memory, ...(bi && bh ? [bi, bh] : [])]) it.dispose();
    const output = np.matmul(state, of("1.weight")!.transpose());
    const bias = of("1.bias");
    const error = (bias ? output.add(bias) : output).sub(y);
    return np.mean(error.ref.mul(error));
  };

  /** The next state and, of an LSTM, its cell; `input` and `hidden` are [B, G·H]. */
  function advance(cell: Cell, input: Value, hidden: Value, state: Value, memory: Value): [Value, Value] {
    const gate = (sums: Value, k: number) => sums.ref.slice([], [k * h, (k + 1) * h]);
    if (cell === "rnn") {
      state.dispose();
      return [np.tanh(input.add(hidden)), memory];
    }
    if (cell === "lstm") {
      const sums = input.add(hidden);
      const [i, f, g, o] = [0, 1, 2, 3].map((k) => gate(sums, k)) as [Value, Value, Value, Value];
      sums.dispose();
      state.dispose();
      const c = nn
        .sigmoid(f)
        .mul(memory)
        .add(nn.sigmoid(i).mul(np.tanh(g)));
      return [nn.sigmoid(o).mul(np.tanh(c.ref)), c];
    }
    const [r, z] = [0, 1].map((k) => nn.sigmoid(gate(input, k).add(gate(hidden, k)))) as [Value, Value];
    const n = np.tanh(gate(input, 2).add(r.mul(gate(hidden, 2))));
    input.dispose();
    hidden.dispose();
    // (1 - z)·n + z·h
    return [n.ref.add(z.mul(state.sub(n))), memory];
  }
}
