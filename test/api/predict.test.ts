/** Predictions, evaluation and gradients. */
import { dense, dropout, gru, lstm, type ModelDescription, rnn, type State, type Tensor } from "retrograd";
import { describe, expect, it } from "vitest";
import { bits, classifier, gestures, make, summer, sums } from "./support.js";

const every: ModelDescription = {
  input: { size: 2 },
  layers: [lstm({ hiddenSize: 5, bidirectional: true }), dense({ units: 3 })],
  output: { at: "every" },
  seed: 2,
};
const { x } = gestures(9);

/** Element [i, …] of a tensor. */
function row({ shape, data }: Tensor, i: number): number[] {
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  return [...data.subarray(i * size, (i + 1) * size)];
}

describe("predict", () => {
  it("gives each sequence what it gives it alone, to the bit", async () => {
    const model = await make(classifier);
    await model.fit(gestures(24), { epochs: 2 });
    const together = await model.predict(x);
    expect(together.values.shape).toEqual([9, 2]);
    for (const [i, sequence] of x.entries()) {
      const alone = await model.predict([sequence]);
      expect([...alone.values.data]).toEqual(row(together.values, i));
      expect(alone.labels).toEqual([together.labels![i]]);
    }
  });

  it("pads ragged predictions at every step with NaN and tells the lengths", async () => {
    const model = await make(every);
    const { values, lengths } = await model.predict(x);
    expect(values.shape).toEqual([9, 7, 3]);
    expect([...lengths!]).toEqual(x.map((s) => s.length));
    for (const [i, sequence] of x.entries()) {
      const steps = row(values, i);
      expect(steps.slice(0, 3 * sequence.length).every(Number.isFinite)).toBe(true);
      expect(steps.slice(3 * sequence.length).every(Number.isNaN)).toBe(true);
    }
  });

  it("takes a tensor as it takes lists, and leaves it alone", async () => {
    const model = await make(every);
    const data = Float32Array.from({ length: 2 * 3 * 2 }, (_, i) => Math.sin(i));
    const lists = [0, 1].map((b) => [0, 1, 2].map((t) => [data[6 * b + 2 * t]!, data[6 * b + 2 * t + 1]!]));
    const asTensor = await model.predict({ shape: [2, 3, 2], data });
    expect(bits(asTensor.values)).toEqual(bits((await model.predict(lists)).values));
    expect(data).toHaveLength(12);
  });

  it("goes on from a state", async () => {
    const model = await make({ ...summer, layers: [lstm({ hiddenSize: 4, numLayers: 2 }), dense({ units: 1 })] });
    const whole = [[0.1], [0.2], [0.3], [0.4], [0.5]];
    const first = await model.predict([whole.slice(0, 2)]);
    expect(first.state.map(({ h, c }) => [h.shape, c?.shape])).toEqual([
      [
        [2, 1, 4],
        [2, 1, 4],
      ],
    ]);
    const rest = await model.predict([whole.slice(2)], { initialState: first.state });
    const all = await model.predict([whole]);
    expect([...first.values.data, ...rest.values.data]).toEqual([...all.values.data]);
    expect(rest.state).toEqual(all.state);
  });

  it("shows logits and every layer's states when asked", async () => {
    const model = await make(classifier);
    await model.fit(gestures(16), { epochs: 1 });
    const { values, hidden } = await model.predict(x.slice(0, 2), { raw: true, hidden: true });
    const [a, b] = row(values, 0) as [number, number];
    const { values: probabilities } = await model.predict(x.slice(0, 2));
    expect(row(probabilities, 0)[0]).toBeCloseTo(1 / (1 + Math.exp(b - a)), 5);
    expect(hidden!.map((h) => h.shape)).toEqual([[2, 5, 12]]);
  });

  it("shows projected states, as many as they are", async () => {
    const model = await make({
      input: { size: 2 },
      layers: [lstm({ hiddenSize: 5, projSize: 3, bidirectional: true }), dense()],
      output: { at: "last", size: 1 },
    });
    const sequence = [
      [1, 2],
      [3, 4],
    ];
    const { hidden } = await model.predict([sequence], { hidden: true });
    expect(hidden!.map((h) => h.shape)).toEqual([[1, 2, 6]]);
    expect(hidden![0]!.data.every(Number.isFinite)).toBe(true);
  });

  it("is in the user's units where targets are scaled", async () => {
    const { x, y } = sums(60);
    const model = await make({ ...summer, output: { at: "every", size: 1, scale: "standard" } });
    const far = y.map((s) => s.map(([v]) => [5000 + 100 * v!]));
    await model.fit({ x, y: far }, { epochs: 40 });
    const { values } = await model.predict(x.slice(0, 1));
    for (const value of values.data) expect(Math.abs(value - 5000)).toBeLessThan(500);
    const { rmse } = await model.evaluate({ x, y: far }, { metrics: ["rmse"] });
    expect(rmse).toBeLessThan(60);
  });
});

describe("evaluate", () => {
  it("weighs, and masks what weighs nothing", async () => {
    const model = await make(summer);
    const { x, y } = sums(4);
    const wrong = [...y.slice(0, 3), y[3]!.map(() => [99])];
    const sampleWeight = [1, 1, 1, 0];
    const masked = await model.evaluate({ x, y: wrong, sampleWeight });
    expect(masked.loss).toBeCloseTo((await model.evaluate({ x: x.slice(0, 3), y: y.slice(0, 3) })).loss, 6);
  });
});

describe("gradients", () => {
  const net: ModelDescription = {
    ...summer,
    layers: [gru({ hiddenSize: 4 }), rnn({ hiddenSize: 3 }), dense({ units: 1 })],
  };

  it("agree with differences of the loss", async () => {
    const model = await make(net);
    const data = sums(3, 4);
    const { parameters, loss } = await model.gradients(data);
    expect(loss).toBeCloseTo((await model.evaluate(data)).loss, 6);
    const weights = await model.parameters();
    for (const name of ["0.weight_hh_l0", "1.weight_ih_l0", "2.bias"]) {
      const at = weights[name]!.data.length - 1;
      const loss = async (by: number) => {
        const moved = Float64Array.from(weights[name]!.data);
        moved[at]! += by;
        await model.setParameters({ ...weights, [name]: { shape: weights[name]!.shape, data: moved } });
        return (await model.evaluate(data)).loss;
      };
      const difference = ((await loss(0.02)) - (await loss(-0.02))) / 0.04;
      // The loss is computed from 32-bit states: differences of it are good to three digits or so.
      expect(parameters[name]!.data[at]! / difference).toBeCloseTo(1, 2);
    }
  });

  it("by an output gradient are those of the loss it belongs to", async () => {
    const model = await make(net);
    const { x, y } = sums(3, 4);
    const { values } = await model.predict(x, { raw: true });
    const targets = y.flat(2);
    const scale = 2 / targets.length; // of the mean of squares
    const outputGradient = { shape: values.shape, data: Array.from(values.data, (v, i) => scale * (v - targets[i]!)) };
    const own = await model.gradients({ x, outputGradient });
    const theirs = await model.gradients({ x, y });
    for (const [name, { data }] of Object.entries(theirs.parameters)) {
      for (const [i, value] of data.entries()) expect(own.parameters[name]!.data[i]).toBeCloseTo(value, 5);
    }
  });

  it("tell of inputs, initial states and each step's norm", async () => {
    const model = await make(net);
    const data = sums(3, 4);
    const { input, initialState, hidden } = await model.gradients(data, { values: true });
    expect(input.shape).toEqual([3, 4, 1]);
    expect(initialState.map(({ h }: State) => h.shape)).toEqual([
      [1, 3, 4],
      [1, 3, 3],
    ]);
    expect(hidden.map(({ layer, level, direction, norms }) => [layer, level, direction, norms.length])).toEqual([
      ["0", 0, "forward", 4],
      ["1", 0, "forward", 4],
    ]);
    const [top] = hidden.slice(-1);
    expect(top!.values!.shape).toEqual([3, 4, 3]);
    let square = 0;
    for (let b = 0; b < 3; b++) for (let h = 0; h < 3; h++) square += top!.values!.data[b * 12 + 2 * 3 + h]! ** 2;
    expect(top!.norms[2]).toBeCloseTo(Math.sqrt(square), 6);
    expect((await model.gradients(data)).hidden[0]).not.toHaveProperty("values");
  });

  it("leave the weights as they are", async () => {
    const model = await make({
      ...net,
      layers: [gru({ hiddenSize: 4, dropout: 0 }), dropout({ rate: 0.5 }), dense({ units: 1 })],
    });
    const before = await model.parameters();
    await model.gradients(sums(3));
    const after = await model.parameters();
    for (const [name, tensor] of Object.entries(before)) expect(bits(after[name]!)).toEqual(bits(tensor));
  });
});
