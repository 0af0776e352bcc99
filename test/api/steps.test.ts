/** Learning one step at a time: the trainer and the online learner. */
import { adam, loadModel, type ModelDescription, rnn, sgd } from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, kept, make, summer, sums } from "./support.js";

const state: ModelDescription = {
  input: { size: 2 },
  layers: [rnn({ hiddenSize: 2 })],
  output: { at: "every" },
  seed: 7,
};
const xor = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];

describe("a trainer", () => {
  it("takes the steps that a run takes", async () => {
    const data = sums(10);
    const options = { optimizer: adam({ learningRate: 0.01 }) };
    const run = await make(summer);
    const history = await run.fit(data, { ...options, steps: 4, batchSize: "full", shuffle: false });
    const byHand = await make(summer);
    const trainer = await byHand.trainer(options);
    for (const [i, loss] of history.steps.loss.entries()) {
      const step = await trainer.step(data);
      expect(Math.fround(step.loss)).toBe(loss);
      expect(Math.fround(step.gradientNorm)).toBe(history.steps.gradientNorm[i]);
      expect(step.state.map(({ h }) => h.shape)).toEqual([[1, 10, 8]]);
    }
    expect(await digest(byHand)).toBe(await digest(run));
  });

  it("applies gradients from outside", async () => {
    const data = sums(6);
    const options = { optimizer: sgd({ learningRate: 0.1 }), clip: "none" as const };
    const one = await make(summer);
    await (await one.trainer(options)).step(data);
    const other = await make(summer);
    const { parameters } = await other.gradients(data);
    await (await other.trainer(options)).apply(parameters);
    expect(await digest(other)).toBe(await digest(one));
  });

  it("refuses what is wrong, and goes on", async () => {
    const model = await make(summer);
    await expect(model.trainer({ epochs: 3 } as never)).rejects.toMatchObject({ name: "ConfigError", path: "epochs" });
    const trainer = await model.trainer();
    await expect(trainer.step({ x: [[[1, 2]]], y: [[[1]]] })).rejects.toMatchObject({ name: "ShapeError" });
    await expect(trainer.apply({ "0.weight": { shape: [1], data: [1] } })).rejects.toMatchObject({
      name: "ConfigError",
      path: expect.stringContaining("0.weight"),
    });
    await expect(trainer.apply({ "1.bias": { shape: [1], data: [Number.NaN] } })).rejects.toMatchObject({
      name: "DataError",
      path: expect.stringContaining("1.bias"),
    });
    const run = model.fit(sums(32), { epochs: 1e6 });
    await expect(trainer.step(sums(2))).rejects.toMatchObject({ name: "BusyError" });
    await run.stop();
    await trainer.step(sums(2));
  });
});

describe("an online learner", () => {
  it("predicts, then learns", async () => {
    const model = await make(state);
    const learner = await model.online({ truncation: 4, optimizer: sgd({ learningRate: 0.1 }), clip: "none" });
    const losses: number[] = [];
    for (let t = 0; t < 400; t++) {
      const { prediction, loss } = await learner.step(xor[t % 4]!, xor[(t + 1) % 4]!);
      expect(prediction).toHaveLength(2);
      losses.push(loss!);
    }
    const mean = (of: number[]) => of.reduce((a, b) => a + b, 0) / of.length;
    expect(mean(losses.slice(-40))).toBeLessThan(0.7 * mean(losses.slice(0, 40)));
    await learner[Symbol.asyncDispose]();
  });

  it("does not learn without a target", async () => {
    const model = await make(state);
    const before = await digest(model);
    const learner = await model.online();
    const { prediction, loss } = await learner.step([0, 1]);
    expect(loss).toBeUndefined();
    expect(await digest(model)).toBe(before);
    const { values } = await model.predict([[[0, 1]]]);
    expect([...prediction]).toEqual([...values.data]);
    await learner.step([0, 1], [1, 0]);
    expect(await digest(model)).not.toBe(before);
  });

  it("does the same for a sequence at once as step by step; answers keep their order", async () => {
    const x = Array.from({ length: 12 }, (_, t) => xor[t % 4]!);
    const y = Array.from({ length: 12 }, (_, t) => xor[(t + 1) % 4]!);
    const one = await make(state);
    const steps = await one.online({ truncation: 3 });
    const answers = await Promise.all(x.map((v, t) => steps.step(v, y[t]!)));
    const other = await make(state);
    const { predictions, losses } = await (await other.online({ truncation: 3 })).run(x, y);
    expect([...predictions.data]).toEqual(answers.flatMap(({ prediction }) => [...prediction]));
    expect([...losses]).toEqual(answers.map(({ loss }) => loss));
    expect(await digest(other)).toBe(await digest(one));
  });

  it("lets other calls in while it goes over a long sequence; a step asked for after that comes after it", async () => {
    const model = await make(state);
    const learner = await model.online({ truncation: 1 });
    const x = Array.from({ length: 200_000 }, (_, t) => xor[t % 4]!);
    const order: string[] = [];
    const said = (what: string) => () => void order.push(what);
    const before = await digest(model);
    const both = [learner.run(x, x).then(said("run")), learner.step(xor[0]!, xor[1]!).then(said("step"))];
    while ((await digest(model)) === before); // until it has begun
    await model.predict([xor]).then(said("predict"));
    await model.save().then(said("save"));
    await Promise.all(both);
    expect(order).toEqual(["predict", "save", "run", "step"]);
  });

  it("gives up a sequence when it is disposed of, with all that was asked after it; the model goes on", async () => {
    const model = await make(state);
    const learner = await model.online({ truncation: 1 });
    const x = Array.from({ length: 400_000 }, (_, t) => xor[t % 4]!);
    const given = [learner.run(x, x), learner.step([0, 1]), learner.run([[0, 1]], [[0, 1]])].map((answer) =>
      expect(answer).rejects.toMatchObject({ name: "DisposedError", message: "the learner has been disposed of" }),
    );
    await learner[Symbol.asyncDispose]();
    await Promise.all(given);
    await model.fit({ x: [xor], y: [xor] }, { epochs: 1 });
  });

  it("starts again from zeros after a reset", async () => {
    const model = await make(state);
    const learner = await model.online();
    const first = await learner.step([1, 0]);
    expect([...(await learner.step([1, 0])).prediction]).not.toEqual([...first.prediction]);
    await learner.reset();
    expect([...(await learner.step([1, 0])).prediction]).toEqual([...first.prediction]);
  });

  it("owns the weights until it is disposed of", async () => {
    const model = await make(state);
    const learner = await model.online();
    const data = { x: [xor], y: [xor] };
    await expect(model.fit(data)).rejects.toMatchObject({ name: "BusyError" });
    await expect(model.online()).rejects.toMatchObject({ name: "BusyError" });
    await learner[Symbol.asyncDispose]();
    await learner[Symbol.asyncDispose]();
    await expect(learner.step([0, 0])).rejects.toMatchObject({ name: "DisposedError" });
    await model.fit(data, { epochs: 1 });
    const other = await model.online();
    await model.dispose();
    await expect(other.step([0, 0])).rejects.toMatchObject({ name: "DisposedError" });
    await other[Symbol.asyncDispose]();
  });

  it("refuses what is wrong, and goes on", async () => {
    const model = await make(state);
    await expect(model.online({ algorithm: "rtrl" })).rejects.toMatchObject({
      name: "ConfigError",
      path: "algorithm",
      code: "notYet",
    });
    await expect(model.online({ truncation: 0 })).rejects.toMatchObject({ name: "ConfigError", path: "truncation" });
    const learner = await model.online();
    await expect(learner.step([1])).rejects.toMatchObject({ name: "ShapeError" });
    await expect(learner.step([1, Number.NaN])).rejects.toMatchObject({ name: "DataError" });
    await expect(learner.step([1, 1], [1])).rejects.toMatchObject({ name: "ShapeError" });
    await learner.step([1, 1], [1, 0]);
    await learner[Symbol.asyncDispose]();
    await loadModel(await model.save()).then(kept);
  });
});
