/** Losses in AssemblyScript, through the whole package: beside the built-in ones, on any data, saved, and by every door. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createModel,
  custom,
  dense,
  embedding,
  gru,
  huber,
  loadModel,
  type ModelDescription,
  quantile,
} from "retrograd";
import { beforeAll, describe, expect, it } from "vitest";
import * as assembly from "../assembly/losses.js";
import { bits, digest, kept, make, sums, verse } from "./support.js";

const modules: Record<"huber" | "quantile" | "classes", Uint8Array<ArrayBuffer>> = {} as never;

beforeAll(async () => {
  modules.huber = await assembly.compile(assembly.huber);
  modules.quantile = await assembly.compile(assembly.quantile);
  modules.classes = await assembly.compile(assembly.crossEntropy);
}, 60_000);

const model = (loss: NonNullable<ModelDescription["loss"]>, at: "last" | "every" = "every", workers?: number) =>
  make(
    {
      input: { size: 1 },
      layers: [gru({ hiddenSize: 6 }), dense()],
      output: { at, size: 1 },
      loss,
      seed: 3,
    },
    workers ? { workers } : {},
  );
const run = { epochs: 6, batchSize: 8, seed: 2 };

/** Of differing length, with targets on both sides of what Huber and the quantile turn at. */
function ragged(count: number) {
  const { x, y } = sums(count, 9);
  const cut = <T>(rows: T[][]) => rows.map((row, i) => row.slice(0, 4 + (i % 5)));
  return { x: cut(x), y: cut(y).map((row) => row.map(([v]) => [3 * (v as number)])) };
}

const last = ({ x, y }: ReturnType<typeof ragged>) => ({ x, y: y.map((row) => row.at(-1)![0] as number) });

/** Weights of steps: some masked, the others of three kinds. */
const weighted = (data: ReturnType<typeof ragged>) => ({
  ...data,
  sampleWeight: data.y.map((row, i) => row.map((_, t) => [0, 1, 0.5, 2][(i + t) % 4] as number)),
});

/** Losses and metrics: each to 1e-6 of itself. */
function expectSame(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < found.length; i++)
    expect(Math.abs(found[i]! - wanted[i]!), `number ${i}`).toBeLessThanOrEqual(1e-6 * Math.abs(wanted[i]!));
}

/** Tensors: to 1e-6 of their largest number, since those near 0 are differences of larger ones. */
function expectNear(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(found.length).toBe(wanted.length);
  const largest = Math.max(...Array.from(wanted, Math.abs));
  for (let i = 0; i < found.length; i++)
    expect(Math.abs(found[i]! - wanted[i]!), `number ${i}`).toBeLessThanOrEqual(1e-6 * largest);
}

const pairs = [
  ["huber", () => custom({ module: modules.huber }), huber({ delta: 1 })],
  ["quantile", () => custom({ module: modules.quantile }), quantile({ quantiles: [0.9] })],
] as const;

describe("a loss in AssemblyScript", () => {
  it.each(pairs)("trains as the built-in %s does, on ragged and on weighted data", async (_, own, builtIn) => {
    for (const data of [ragged(20), weighted(ragged(20))]) {
      const [a, b] = [await model(own()), await model(builtIn)];
      const [ours, theirs] = [await a.fit(data, run), await b.fit(data, run)];
      expect(ours.steps.loss.length).toBe(18);
      expectSame(ours.steps.loss, theirs.steps.loss);
      const [p, q] = [await a.parameters(), await b.parameters()];
      for (const [name, { data }] of Object.entries(p)) expectNear(data, q[name]!.data);
      const [found, wanted] = [await a.evaluate(data), await b.evaluate(data)];
      expectSame([found.loss, found.rmse!], [wanted.loss, wanted.rmse!]);
    }
  });

  it.each(pairs)(
    "gives the gradients and the steps of the built-in %s, by trainer and online",
    async (_, own, builtIn) => {
      const data = weighted(ragged(8));
      const [a, b] = [await model(own()), await model(builtIn)];
      const [ours, theirs] = [await a.gradients(data), await b.gradients(data)];
      expectSame([ours.loss], [theirs.loss]);
      for (const [name, { data }] of Object.entries(ours.parameters)) expectNear(data, theirs.parameters[name]!.data);
      const [t, u] = [await a.trainer(), await b.trainer()];
      for (let k = 0; k < 3; k++) expectSame([(await t.step(data)).loss], [(await u.step(data)).loss]);
      const [l, m] = [await a.online(), await b.online()];
      for (let k = 0; k < 5; k++) expectSame([(await l.step([k], [2])).loss!], [(await m.step([k], [2])).loss!]);
      await Promise.all([l[Symbol.asyncDispose](), m[Symbol.asyncDispose]()]);
      const found = await a.findLearningRate(data, { steps: 20 });
      expect(found.losses.every(Number.isFinite)).toBe(true);
    },
  );

  it("reads classes where the output is classes, leaves masked ones out, and knows nothing of probabilities", async () => {
    const description = { input: { size: 1 }, layers: [gru({ hiddenSize: 6 }), dense()], seed: 3 };
    const output = { at: "every", classes: ["low", "high"] } as const;
    const { x, y } = ragged(20);
    const labels = y.map((row) => row.map(([v]) => ((v as number) > 0 ? "high" : "low")));
    const { sampleWeight } = weighted({ x, y });
    const own = await make({ ...description, output, loss: custom({ module: modules.classes }) });
    const built = await make({ ...description, output });
    for (const data of [
      { x, y: labels },
      { x, y: labels, sampleWeight },
    ]) {
      const [ours, theirs] = [await own.fit(data, run), await built.fit(data, run)];
      expectSame(ours.steps.loss, theirs.steps.loss);
      const metrics = ["accuracy", "perplexity"] as const;
      const [found, wanted] = [await own.evaluate(data, { metrics }), await built.evaluate(data, { metrics })];
      for (const name of ["loss", ...metrics] as const) expectSame([found[name]!], [wanted[name]!]);
    }
    const [p, q] = [await own.predict(x.slice(0, 2)), await built.predict(x.slice(0, 2))];
    for (const [i, value] of p.values.data.entries()) expect(value || 0).toBeCloseTo(q.values.data[i]! || 0, 4);
    expect(p.labels).toEqual(q.labels);
  });

  it("reads the next token", async () => {
    const description = {
      input: { vocabulary: "characters" },
      layers: [embedding({ units: 4 }), gru({ hiddenSize: 8 }), dense()],
    } as const;
    const [own, built] = [
      await make({ ...description, loss: custom({ module: modules.classes }) }),
      await make(description),
    ];
    const text = { steps: 10, window: 16, batchSize: 8 };
    const [ours, theirs] = [await own.fit(verse, text), await built.fit(verse, text)];
    expectSame(ours.steps.loss, theirs.steps.loss);
    const metrics = ["bitsPerCharacter"] as const;
    const [found, wanted] = [await own.evaluate(verse, { metrics }), await built.evaluate(verse, { metrics })];
    expectSame([found.loss, found.bitsPerCharacter!], [wanted.loss, wanted.bitsPerCharacter!]);
    expect((await own.generate("the ", { length: 5 })).text).toHaveLength(5);
  });

  it("travels inside the model and its checkpoints: resumed anywhere, and on any number of workers, the same bits", async () => {
    const data = last(ragged(20));
    const whole = await model(custom({ module: modules.huber }), "last", 1);
    await whole.fit(data, run);
    const wanted = await digest(whole);
    for (const workers of [2, 3]) {
      const shared = await model(custom({ module: modules.huber }), "last", workers);
      await shared.fit(data, run);
      expect(await digest(shared)).toBe(wanted);
    }
    const files: Uint8Array<ArrayBuffer>[] = [];
    const first = await model(custom({ module: modules.huber }), "last", 2);
    await first.fit(data, { ...run, epochs: 3, checkpoint: { every: 4, to: (file) => void files.push(file) } });
    files.push(await first.save());
    expect(files.length).toBe(3);
    for (const [i, file] of files.entries()) {
      const again = kept(await loadModel(file, { workers: 1 + (i % 2) }));
      expect(again.description.loss).toEqual(first.description.loss);
      await again.resume(data, { epochs: 6 });
      expect(await digest(again)).toBe(wanted);
    }
  });

  it("is taken as bytes of any kind and as base64, and is itself in the description, to the byte", async () => {
    const whole = new Uint8Array(modules.huber.length + 2);
    whole.set(modules.huber, 1);
    const text = Buffer.from(modules.huber).toString("base64");
    const view = whole.subarray(1, -1);
    for (const module of [text, view, new DataView(view.buffer, 1, view.length), modules.huber.slice().buffer]) {
      const own = await model(custom({ module }));
      expect(own.description.loss).toEqual({ kind: "custom", module: text, targets: "numbers" });
      const again = await make(own.description);
      const [p, q] = [await own.parameters(), await again.parameters()];
      for (const [name, tensor] of Object.entries(p)) expect(bits(tensor)).toEqual(bits(q[name]!));
    }
  });

  it("keeps its numbers while batches grow and shrink", async () => {
    const [a, b] = [await model(custom({ module: modules.huber })), await model(huber({ delta: 1 }))];
    for (const count of [1, 40, 3, 200, 2]) {
      const data = ragged(count);
      expectSame([(await a.evaluate(data)).loss], [(await b.evaluate(data)).loss]);
    }
  });

  it("is compiled and used as the README says", async () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const [, source] = /```ts\n(\/\/ loss\.ts.*?)```/s.exec(readme)!;
    const [, program] = /```mjs\n(.*?)```/s.exec(readme)!;
    const place = mkdtempSync(join(tmpdir(), "retrograd-loss-"));
    try {
      writeFileSync(join(place, "loss.wasm"), await assembly.compile(source!));
      const built = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
      writeFileSync(join(place, "program.mjs"), program!.replace('"retrograd"', built));
      const { stdout, stderr } = spawnSync(process.execPath, ["program.mjs"], { cwd: place, encoding: "utf8" });
      expect({ stdout, stderr }).toEqual({ stdout: "true\n", stderr: "" });
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  it("is for what the output is", async () => {
    const description = { input: { size: 1 }, layers: [gru({ hiddenSize: 2 }), dense()] };
    const wrong = { ...description, output: { at: "last", size: 1 } as const };
    const loss = custom({ module: modules.classes, targets: "classes" });
    await expect(createModel({ ...wrong, loss })).rejects.toMatchObject({ name: "ConfigError", path: "loss" });
    await expect(
      createModel({
        ...description,
        output: { at: "last", classes: 2 },
        loss: custom({ module: modules.huber, targets: "numbers" }),
      }),
    ).rejects.toMatchObject({ name: "ConfigError", path: "loss" });
  });
});
