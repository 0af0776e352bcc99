/**
 * Every recurrent record of PyTorch (float64) against the package: outputs, final states and all gradients, to 1e-5 of the
 * largest element of each tensor: some twenty roundings of float32 on top of one another. The cotangents of h_n and c_n,
 * which the public API does not take, are compared in crates/rnn/tests.
 */
import { readFileSync } from "node:fs";
import { createModel, gru, type Layer, lstm, rnn, type State, type TensorLike } from "retrograd";
import { describe, expect, test } from "vitest";

interface Fixture extends TensorLike {
  shape: number[];
  data: number[];
}
interface Recorded {
  name: string;
  config: {
    type: string;
    nonlinearity?: string;
    input_size: number;
    hidden_size: number;
    num_layers: number;
    bidirectional: boolean;
    bias: boolean;
    proj_size?: number;
    batch: number;
    time: number;
    lengths: number[] | null;
  };
  weights: Record<string, Fixture>;
  input: Fixture;
  h0: Fixture | null;
  c0: Fixture | null;
  output: Fixture;
  h_n: Fixture;
  c_n: Fixture | null;
  cotangent: { output: Fixture; h_n?: Fixture; c_n?: Fixture };
  loss: number;
  grad: { weights: Record<string, Fixture>; input: Fixture; h0: Fixture | null; c0: Fixture | null };
}

const LIMIT = 1e-5;
/** Of the loss, whose terms cancel: relative to the sum of their sizes. Some three roundings of float32. */
const LOSS_LIMIT = 2e-7;

function layer(c: Recorded["config"]): Layer {
  const shared = { hiddenSize: c.hidden_size, numLayers: c.num_layers, bidirectional: c.bidirectional, bias: c.bias };
  if (c.type === "LSTM") return lstm({ ...shared, ...(c.proj_size && { projSize: c.proj_size }) });
  if (c.type === "GRU") return gru(shared);
  return rnn({ ...shared, activation: c.nonlinearity as "tanh" | "relu" });
}

/** [time, batch, size] → one list of steps a sequence, cut to its length. */
function sequences(tensor: Fixture, lengths: number[]): number[][][] {
  const [, batch, size] = tensor.shape as [number, number, number];
  const row = (t: number, b: number) => tensor.data.slice((t * batch + b) * size, (t * batch + b + 1) * size);
  return lengths.map((n, b) => Array.from({ length: n }, (_, t) => row(t, b)));
}

/** Largest difference over the steps that there are, relative to the largest element. */
function error(actual: TensorLike, expected: Fixture, lengths?: number[]): number {
  const largest = Math.max(...expected.data.map(Math.abs), Number.MIN_VALUE);
  if (lengths === undefined) {
    expect(actual.shape).toEqual(expected.shape);
    return Math.max(...expected.data.map((e, i) => Math.abs((actual.data[i] ?? Number.NaN) - e))) / largest;
  }
  const [longest, size] = [actual.shape[1] ?? 0, actual.shape[2] ?? 0];
  const steps = sequences(expected, lengths);
  const differences = steps.flatMap((rows, b) =>
    rows.flatMap((row, t) =>
      row.map((e, j) => Math.abs((actual.data[(b * longest + t) * size + j] ?? Number.NaN) - e)),
    ),
  );
  return Math.max(...differences) / largest;
}

/** The loss is Σ output · cotangent; this is the sum of |…|. PyTorch's outputs are zero past the end of a sequence. */
function terms({ output, cotangent }: Recorded): number {
  return output.data.reduce((sum, value, i) => sum + Math.abs(value * cotangent.output.data[i]!), 0);
}

describe.each(["rnn_tanh", "rnn_relu", "gru", "lstm", "lstm_proj"])("%s", (file) => {
  const path = new URL(`../fixtures/pytorch/${file}.json`, import.meta.url);
  const { records } = JSON.parse(readFileSync(path, "utf8")) as { records: Recorded[] };

  test.each(records.map((r) => [r.name, r] as const))("%s", async (_, r) => {
    const { config } = r;
    const lengths = config.lengths ?? Array.from({ length: config.batch }, () => config.time);
    const model = await createModel({
      input: { size: config.input_size },
      layers: [layer(config)],
      output: { at: "every" },
    });
    try {
      await model.setParameters(Object.fromEntries(Object.entries(r.weights).map(([name, w]) => [`0.${name}`, w])));
      const given: State | undefined = r.h0 ? { h: r.h0, ...(r.c0 && { c: r.c0 }) } : undefined;
      const state = given && { initialState: [given] };
      const x = sequences(r.input, lengths);

      const prediction = await model.predict(x, { raw: true, ...state });
      expect(error(prediction.values, r.output, lengths), "output").toBeLessThanOrEqual(LIMIT);
      expect(error(prediction.state[0]?.h as TensorLike, r.h_n), "h_n").toBeLessThanOrEqual(LIMIT);
      if (r.c_n) expect(error(prediction.state[0]?.c as TensorLike, r.c_n), "c_n").toBeLessThanOrEqual(LIMIT);
      if (r.cotangent.h_n) return;

      // Steps past the end of a sequence are not read: their cotangents are cut off with them.
      const [, batch, size] = r.cotangent.output.shape as [number, number, number];
      const longest = Math.max(...lengths);
      const data = new Float32Array(batch * longest * size);
      sequences(r.cotangent.output, lengths).forEach((rows, b) => {
        rows.forEach((row, t) => {
          data.set(row, (b * longest + t) * size);
        });
      });
      const g = await model.gradients({ x, outputGradient: { shape: [batch, longest, size], data }, ...state });
      expect(Math.abs(g.loss - r.loss), "loss").toBeLessThanOrEqual(LOSS_LIMIT * terms(r));
      expect(Object.keys(g.parameters).sort()).toEqual(
        Object.keys(r.grad.weights)
          .map((n) => `0.${n}`)
          .sort(),
      );
      for (const [name, expected] of Object.entries(r.grad.weights)) {
        expect(error(g.parameters[`0.${name}`] as TensorLike, expected), name).toBeLessThanOrEqual(LIMIT);
      }
      expect(error(g.input, r.grad.input, lengths), "input").toBeLessThanOrEqual(LIMIT);
      if (r.grad.h0) expect(error(g.initialState[0]?.h as TensorLike, r.grad.h0), "h0").toBeLessThanOrEqual(LIMIT);
      if (r.grad.c0) expect(error(g.initialState[0]?.c as TensorLike, r.grad.c0), "c0").toBeLessThanOrEqual(LIMIT);
    } finally {
      await model.dispose();
    }
  });
});
