/** Runs until convergence: the reason that the history names, ways back after a divergence, records as text. */
import { sgd, stepDecay, toCsv, toJsonLines } from "retrograd";
import { describe, expect, it } from "vitest";
import { classifier, digest, gestures, make, summer, sums } from "./support.js";

const data = sums(12);
const steep = sgd({ learningRate: stepDecay({ initial: 0.01, every: 10, factor: 1e18 }) });

describe("a run ends", () => {
  it.each([
    ["target", { target: { loss: 1e9 } }],
    ["gradientNorm", { gradientNorm: 1e9 }],
    ["minImprovement", { minImprovement: { fraction: 0.99, epochs: 2 } }],
    ["patience", { patience: 1, minDelta: 1e6, validationSplit: 0.25 }],
    ["finished", {}],
  ] as const)("by %s, which the history names", async (reason, rules) => {
    const model = await make(summer);
    const history = await model.fit(data, { epochs: 6, ...rules });
    expect(history.reason).toBe(reason);
    expect(history.epochs.length < 6).toBe(reason !== "finished");
  });

  it("by no rule that needs a validation which is not there", async () => {
    const model = await make(summer);
    const refused = { name: "ConfigError", path: "target.validationLoss" };
    await expect(model.fit(data, { target: { validationLoss: 1 } })).rejects.toMatchObject(refused);
  });
});

describe("a run that diverges", () => {
  const options = { epochs: 8, batchSize: 4, clip: "none", optimizer: steep } as const;

  it("goes back, tells so, and keeps the records of what it went on with", async () => {
    const model = await make(summer);
    const onDivergence = { rollBack: { factor: 1e-18, times: 9 } };
    const run = model.fit(data, { ...options, onDivergence });
    const seen: number[] = [];
    for await (const p of run) if (p.kind === "epoch") seen.push(p.step);
    const history = await run;
    expect(history.reason).toBe("finished");
    expect(history.warnings.filter((w) => w.includes("went back to the end of epoch")).length).toBeGreaterThan(0);
    expect(history.epochs.map((e) => e.epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...history.steps.step]).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    expect([...history.steps.loss].every(Number.isFinite)).toBe(true);
    expect(seen.slice(-1)).toEqual([24]);
  });

  it("stops by default", async () => {
    const model = await make(summer);
    await expect(model.fit(data, options)).rejects.toMatchObject({ name: "DivergenceError" });
  });

  it("goes back alike on any number of workers", async () => {
    const digests: string[] = [];
    for (const workers of [1, 2]) {
      const model = await make(summer, { workers });
      await model.fit(data, { ...options, onDivergence: { rollBack: { factor: 1e-18, times: 9 } } });
      digests.push(await digest(model));
    }
    expect(digests[0]).toBe(digests[1]);
  });
});

it("a history is written as JSON lines and as CSV", async () => {
  const model = await make(classifier);
  const history = await model.fit(gestures(12), { epochs: 2, batchSize: 4, validationSplit: 0.25 });
  const lines = toJsonLines(history)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ kind }) => kind === "step").map(({ loss }) => loss)).toEqual([...history.steps.loss]);
  expect(lines.filter(({ kind }) => kind === "epoch").map(({ loss }) => loss)).toEqual(
    history.epochs.map((e) => e.loss),
  );
  expect(lines.at(-1)).toMatchObject({ kind: "end", reason: "finished" });
  const [names, first] = toCsv(history.epochs)
    .split("\r\n")
    .map((line) => line.split(","));
  expect(Number(first![names!.indexOf("validationMetrics.accuracy")])).toBe(
    history.epochs[0]!.validationMetrics!.accuracy,
  );
});
