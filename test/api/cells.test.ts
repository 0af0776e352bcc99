/** The cells and forms of recurrent layers through the package: names, learning, states that go on, runs that are resumed. */
import {
  adam,
  dense,
  embedding,
  gru,
  type Layer,
  loadModel,
  lru,
  lstm,
  type ModelDescription,
  minGru,
  minLstm,
  rnn,
  sgd,
} from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, kept, make, sums, verse } from "./support.js";

interface Case {
  /** Makes the layer of so many units. */
  layer: (hiddenSize: number, more?: object) => Layer;
  /** Names after the layer's with their shapes, of one level that reads one number, 6 units. */
  parameters: Record<string, number[]>;
  /** Width of h, and of c. */
  h: number;
  c?: number;
}

const biases = (n: number) => ({ bias_ih_l0: [n], bias_hh_l0: [n] });
const cases: Record<string, Case> = {
  "lstm with peepholes": {
    layer: (hiddenSize, more) => lstm({ hiddenSize, peepholes: true, ...more }),
    parameters: { weight_ih_l0: [24, 1], weight_hh_l0: [24, 6], ...biases(24), weight_peephole_l0: [18] },
    h: 6,
    c: 6,
  },
  "lstm with coupled gates": {
    layer: (hiddenSize, more) => lstm({ hiddenSize, coupled: true, ...more }),
    parameters: { weight_ih_l0: [18, 1], weight_hh_l0: [18, 6], ...biases(18) },
    h: 6,
    c: 6,
  },
  "lstm, coupled, with peepholes": {
    layer: (hiddenSize, more) => lstm({ hiddenSize, coupled: true, peepholes: true, ...more }),
    parameters: { weight_ih_l0: [18, 1], weight_hh_l0: [18, 6], ...biases(18), weight_peephole_l0: [12] },
    h: 6,
    c: 6,
  },
  "lstm with a projected state": {
    layer: (hiddenSize, more) => lstm({ hiddenSize, projSize: 4, ...more }),
    parameters: { weight_ih_l0: [24, 1], weight_hh_l0: [24, 4], ...biases(24), weight_hr_l0: [4, 6] },
    h: 4,
    c: 6,
  },
};

const form =
  (more: object): Case["layer"] =>
  (hiddenSize, own) =>
    gru({ hiddenSize, ...more, ...own });
const gates = { weight_ih_l0: [18, 1], weight_hh_l0: [18, 6], ...biases(18) };
Object.assign(cases, {
  "gru with learned states": {
    layer: form({ initialState: "learned" }),
    parameters: { ...gates, h0_l0: [6] },
    h: 6,
  },
  "lstm with learned states": {
    layer: (hiddenSize, more) => lstm({ hiddenSize, projSize: 4, initialState: "learned", ...more }),
    parameters: {
      weight_ih_l0: [24, 1],
      weight_hh_l0: [24, 4],
      ...biases(24),
      weight_hr_l0: [4, 6],
      h0_l0: [4],
      c0_l0: [6],
    },
    h: 4,
    c: 6,
  },
  "gru with its input beside its state": { layer: form({ skip: true }), parameters: gates, h: 6 },
  "an IRNN": {
    layer: (hiddenSize, more) =>
      rnn({ hiddenSize, activation: "relu", recurrentInit: "identity", recurrentScale: 0.9, ...more }),
    parameters: { weight_ih_l0: [6, 1], weight_hh_l0: [6, 6], ...biases(6) },
    h: 6,
  },
} satisfies Record<string, Case>);

Object.assign(cases, {
  minGru: {
    layer: (hiddenSize, more) => minGru({ hiddenSize, ...more }),
    parameters: { weight_ih_l0: [12, 1], bias_ih_l0: [12] },
    h: 6,
  },
  minLstm: {
    layer: (hiddenSize, more) => minLstm({ hiddenSize, ...more }),
    parameters: { weight_ih_l0: [18, 1], bias_ih_l0: [18] },
    h: 6,
  },
  lru: {
    layer: (hiddenSize, more) => lru({ hiddenSize, ...more }),
    parameters: {
      weight_ih_l0: [18, 1],
      bias_ih_l0: [18],
      weight_hr_l0: [6, 12],
      nu_log_l0: [6],
      theta_log_l0: [6],
      gamma_log_l0: [6],
    },
    h: 6,
    c: 12,
  },
} satisfies Record<string, Case>);

const summer = (layer: Layer): ModelDescription => ({
  input: { size: 1 },
  layers: [layer, dense({ units: 1 })],
  output: { at: "every", size: 1 },
  seed: 3,
});

describe.each(Object.entries(cases))("%s", (_, { layer, parameters, h, c }) => {
  it("has its parameters and its states", async () => {
    const model = await make(summer(layer(6)));
    const found = Object.entries(await model.parameters()).map(([name, { shape }]) => [name, shape]);
    const expected = Object.entries(parameters).map(([name, shape]) => [`0.${name}`, shape]);
    expect(found).toEqual([...expected, ["1.weight", [1, found.at(-2)?.[1]?.[1]]], ["1.bias", [1]]]);
    const { state } = await model.predict(sums(3).x);
    expect(state[0]?.h.shape).toEqual([1, 3, h]);
    expect(state[0]?.c?.shape).toEqual(c && [1, 3, c]);
  });

  it("learns, and a resumed run is the unbroken one", async () => {
    const data = sums(24);
    const description = summer(layer(6, { numLayers: 2, bidirectional: true, dropout: 0.1 }));
    const whole = await make(description);
    const files: Uint8Array<ArrayBuffer>[] = [];
    const run = { epochs: 12, batchSize: 8, optimizer: adam({ learningRate: 0.02 }) };
    const history = await whole.fit(data, { ...run, checkpoint: { every: 10, to: (file) => void files.push(file) } });
    const [first, last] = [history.epochs[0]?.loss ?? 0, history.epochs.at(-1)?.loss ?? 1];
    expect(last).toBeLessThan(0.5 * first);
    const again = kept(await loadModel(files[1] as Uint8Array<ArrayBuffer>));
    await again.resume(data);
    expect(await digest(again)).toBe(await digest(whole));
  });

  it("goes on from the state that it ended in", async () => {
    const model = await make(summer(layer(6, { numLayers: 2 })));
    const { x } = sums(3, 9);
    const whole = await model.predict(x);
    const head = await model.predict(x.map((s) => s.slice(0, 5)));
    const tail = await model.predict(
      x.map((s) => s.slice(5)),
      { initialState: head.state },
    );
    const rows = (p: { values: { data: ArrayLike<number> } }, from: number, steps: number, of: number) =>
      Array.from({ length: 3 }, (_, b) => Array.from(p.values.data).slice(b * of + from, b * of + from + steps));
    expect(rows(tail, 0, 4, 4)).toEqual(rows(whole, 5, 4, 9));
    expect(tail.state).toEqual(whole.state);
  });

  it("shows its gradients, of ragged sequences in both directions", async () => {
    const model = await make(summer(layer(6, { bidirectional: true })));
    const { x, y } = sums(3, 7);
    const [ragged, targets] = [x.map((s, i) => s.slice(0, 7 - 2 * i)), y.map((s, i) => s.slice(0, 7 - 2 * i))];
    const g = await model.gradients({ x: ragged, y: targets }, { values: true });
    expect(g.hidden.map(({ direction }) => direction)).toEqual(["forward", "reverse"]);
    for (const { norms, values } of g.hidden) {
      expect(norms.length).toBe(7);
      expect(Math.min(...norms)).toBeGreaterThan(0);
      // The norms are those of the values, over all sequences.
      const width = values?.shape[2] ?? 0;
      const square = (t: number) =>
        [0, 1, 2].flatMap((b) => Array.from(values?.data.slice((b * 7 + t) * width, (b * 7 + t + 1) * width) ?? []));
      for (const [t, norm] of norms.entries()) expect(Math.hypot(...square(t))).toBeCloseTo(norm, 5);
    }
  });

  it("learns text with carried states, and generates it", async () => {
    const model = await make({
      input: { vocabulary: "characters" },
      layers: [embedding({ units: 8 }), layer(24), dense()],
      seed: 2,
    });
    const run = { epochs: 8, batchSize: 4, window: 16, carryState: true, shuffle: false };
    const history = await model.fit(verse, { ...run, optimizer: adam({ learningRate: 0.02 }) });
    expect(history.epochs.at(-1)?.loss).toBeLessThan((history.epochs[0]?.loss ?? 0) - 0.5);
    const whole = await model.generate("the ", { length: 12, seed: 4 });
    const half = await model.generate("the ", { length: 6, seed: 4, temperature: 0 });
    const rest = await model.generate(half.text.at(-1) as string, { length: 6, temperature: 0, state: half.state });
    const straight = await model.generate("the ", { length: 12, temperature: 0 });
    expect(half.text + rest.text).toBe(straight.text);
    expect(whole.text.length).toBe(12);
  });

  it("learns online as backpropagation through the window does", async () => {
    const model = await make(summer(layer(6)));
    const learner = await model.online({ truncation: 4, optimizer: sgd({ learningRate: 0.02 }) });
    const losses: number[] = [];
    for (let t = 0; t < 400; t++) {
      const x = Math.sin(0.7 * t);
      const { loss } = await learner.step([x], [0.5 * Math.sin(0.7 * (t - 1))]);
      losses.push(loss ?? Number.NaN);
    }
    await learner[Symbol.asyncDispose]();
    const mean = (part: number[]) => part.reduce((a, b) => a + b, 0) / part.length;
    expect(mean(losses.slice(-50))).toBeLessThan(0.5 * mean(losses.slice(0, 50)));
  });
});

describe("two directions as one, with the input added", () => {
  it.each(["sum", "mean", "product"] as const)("%s: learns, saves and shows its gradients", async (merge) => {
    const data = sums(16);
    const layers = [
      dense({ units: 6, activation: "tanh" }),
      gru({ hiddenSize: 6, numLayers: 2, bidirectional: true, merge, residual: true, initialState: "learned" }),
      dense({ units: 1 }),
    ];
    const model = await make({ input: { size: 1 }, layers, output: { at: "every", size: 1 }, seed: 4 });
    const history = await model.fit(data, { epochs: 20, batchSize: 8, optimizer: adam({ learningRate: 0.02 }) });
    expect(history.epochs.at(-1)?.loss).toBeLessThan(0.5 * (history.epochs[0]?.loss ?? 0));
    const parameters = await model.parameters();
    expect(parameters["2.weight"]?.shape).toEqual([1, 6]);
    expect(parameters["1.weight_ih_l1"]?.shape).toEqual([18, 6]);
    // It was at zero, and has learned.
    expect(parameters["1.h0_l1_reverse"]?.data.every((v) => v !== 0)).toBe(true);
    const again = kept(await loadModel(await model.save()));
    expect((await again.predict(data.x)).values).toEqual((await model.predict(data.x)).values);
    expect(again.description).toEqual(model.description);
    expect((await model.gradients(data)).hidden.length).toBe(4);
  });
});

it("a learned state is where prediction and generation start, and a given one comes before it", async () => {
  const description = summer(gru({ hiddenSize: 3, initialState: "learned" }));
  const model = await make(description);
  const data = [1, -2, 0.5];
  await model.setParameters({ ...(await model.parameters()), "0.h0_l0": { shape: [3], data } });
  const x = [[[0.3], [0.1]]];
  const learned = await model.predict(x);
  const given = await model.predict(x, { initialState: [{ h: { shape: [1, 1, 3], data } }] });
  expect(learned.values).toEqual(given.values);
  const zeros = await model.predict(x, { initialState: [{ h: { shape: [1, 1, 3], data: [0, 0, 0] } }] });
  expect(zeros.values).not.toEqual(given.values);
  const learner = await model.online();
  expect((await learner.step([0.3])).prediction[0]).toBe(learned.values.data[0]);
  await learner[Symbol.asyncDispose]();
});

describe("refusals", () => {
  it("names the field", async () => {
    const wrong = (layer: object) => make(summer(layer as Layer));
    await expect(wrong({ kind: "lstm", hiddenSize: 4, projSize: 4 })).rejects.toMatchObject({
      name: "ConfigError",
      path: "layers[0].projSize",
    });
    await expect(wrong({ kind: "gru", hiddenSize: 4, peepholes: true })).rejects.toMatchObject({
      name: "ConfigError",
      path: "layers[0].peepholes",
    });
    for (const [layer, field] of [
      [{ residual: true }, "residual"],
      [{ merge: "sum" }, "merge"],
      [{ skip: true, residual: true }, "skip"],
      [{ initialState: "ones" }, "initialState"],
      [{ kind: "lru", maxRadius: 2 }, "maxRadius"],
      [{ kind: "minGru", recurrentInit: "identity" }, "recurrentInit"],
    ] as const) {
      const path = `layers[0].${field}`;
      await expect(wrong({ kind: "gru", hiddenSize: 4, ...layer })).rejects.toMatchObject({
        name: "ConfigError",
        path,
      });
    }
  });
});
