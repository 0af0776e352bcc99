/** The end of workers and of processes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createModel, loadModel, type Model } from "retrograd";
import { afterEach, describe, expect, it, vi } from "vitest";
import { classifier, digest, gestures, kept, make, sleep, summer, sums, threads } from "./support.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function timed(promise: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await promise.catch(() => {});
  return performance.now() - begun;
}

describe("a worker killed in the middle of fit", () => {
  it("rejects everything within a second; the run goes on from its last checkpoint to the same bits", async () => {
    const data = gestures(60);
    const options = { epochs: 40, batchSize: 8 };
    const whole = await make(classifier);
    await whole.fit(data, options);

    const made = threads();
    const files: Uint8Array<ArrayBuffer>[] = [];
    const model = kept(await createModel(classifier));
    const run = model.fit(data, { ...options, checkpoint: { every: 20, to: (file) => void files.push(file) } });
    const rejected = expect(run).rejects.toMatchObject({ name: "WorkerError", code: "workerDied" });
    while (files.length < 3) await sleep(1);
    const call = model.predict(data.x);
    void made[0]!.terminate();
    expect(await timed(run)).toBeLessThan(1000);
    await rejected;
    await expect(call).rejects.toMatchObject({ name: "WorkerError" });
    await expect(model.save()).rejects.toMatchObject({ name: "WorkerError" });
    await model.dispose();

    const again = kept(await loadModel(files.at(-1)!));
    await again.resume(data);
    expect(await digest(again)).toBe(await digest(whole));
  });

  it.each([
    ["in shared memory", true],
    ["by messages", false],
  ])("is noticed when it is not the model's own but one that helps, %s", async (_, shared) => {
    if (!shared) vi.stubGlobal("SharedArrayBuffer", undefined);
    const made = threads();
    const model = await make(classifier, { workers: 2 });
    let steps = 0;
    const onProgress = () => {
      steps++;
    };
    const run = model.fit(gestures(40), { epochs: 1e6, onProgress });
    const rejected = expect(run).rejects.toMatchObject({ name: "WorkerError" });
    while (steps < 5) await sleep(1);
    void made[1]!.terminate();
    expect(await timed(run)).toBeLessThan(1000);
    await rejected;
    await model.predict(gestures(1).x); // the model itself is well
  });
});

describe("the threads of a model", () => {
  it("end with it, and those of a parallel run with the run", async () => {
    const made = threads();
    const ended: number[] = [];
    const model = await createModel(summer, { workers: 3 });
    await model.fit(sums(24), { epochs: 2 });
    expect(made).toHaveLength(3);
    for (const [i, thread] of made.entries()) thread.once("exit", () => ended.push(i));
    await vi.waitFor(() => expect(ended.sort()).toEqual([1, 2]));
    await model.dispose();
    await vi.waitFor(() => expect(ended.sort()).toEqual([0, 1, 2]));
  });
});

describe("a process", () => {
  const file = new URL("../../dist/index.js", import.meta.url).href;
  const begin = `import { createModel, gru, dense } from ${JSON.stringify(file)};
    const model = await createModel({ input: { size: 1 }, layers: [gru({ hiddenSize: 4 }), dense({ units: 1 })], output: { at: "every" } });
    const x = Array.from({ length: 64 }, (_, i) => Array.from({ length: 20 }, (_, t) => [Math.sin(i + t)])), data = { x, y: x };
    const say = (text) => process.stdout.write(text);`;
  const node = (program: string, ...flags: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", ...flags], {
      input: begin + program,
      cwd: fileURLToPath(new URL(".", import.meta.url)),
      encoding: "utf8",
      timeout: 40_000,
    });
    return { status, stdout, stderr };
  };

  it.each<[string, string, string]>([
    ["ends by itself with a model left open", "await model.predict(x); say('done');", "done"],
    ["stays until an awaited run is done", "await model.fit(data, { seconds: 1 }); say('done');", "done"],
    [
      "stays until a run that nobody awaits is done",
      "model.fit(data, { seconds: 0.5 }).then(() => say('done'));",
      "done",
    ],
    [
      "ends with learner, trainer and generator left open",
      "const l = await model.online(); await l.step([1], [1]); await model.trainer().catch(() => {}); say('done');",
      "done",
    ],
    [
      "ends after dispose in the middle of a run",
      "const r = model.fit(data, { epochs: 1e6 }); setTimeout(() => model.dispose(), 100); await r.catch((e) => say(e.name));",
      "DisposedError",
    ],
    [
      "ends after a paused run was disposed of",
      "const r = model.fit(data, { epochs: 1e6 }); await r.pause(); r.catch((e) => say(e.name)); await model.dispose();",
      "DisposedError",
    ],
  ])("%s", (_, program, said) => {
    expect(node(program)).toEqual({ status: 0, stdout: said, stderr: "" });
  });

  it("that catches nothing is told of the error, not of the whole file", () => {
    // Node prints the line that threw: with all of the package in one line that would be half a megabyte.
    const { status, stderr } = node("await model.fit(data, { lr: 1 });");
    expect(status).toBe(1);
    expect(stderr).toContain("ConfigError");
    expect(stderr.length).toBeLessThan(3000);
  });

  it("goes on with what another saved in the middle of a run, to the bits of the unbroken run", () => {
    const folder = mkdtempSync(join(tmpdir(), "retrograd-"));
    const saved = JSON.stringify(join(folder, "run.bin"));
    // Six updates an epoch, so that the cut is in the third; what has to be saved is more than weights: moments, dropout's place, the best epoch.
    const head = `import { readFileSync, writeFileSync } from "node:fs";
      import { createHash } from "node:crypto";
      import { dropout, loadModel } from ${JSON.stringify(file)};
      const digest = async (model) => {
        const hash = createHash("sha256");
        for (const { data } of Object.values(await model.parameters())) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        return hash.digest("hex");
      };
      const net = await createModel({ input: { size: 1 }, layers: [gru({ hiddenSize: 4, numLayers: 2, dropout: 0.2 }), dropout({ rate: 0.2 }), dense({ units: 1 })], output: { at: "every" } });
      const options = { epochs: 8, batchSize: 8, validationSplit: 0.25, patience: 3 };
      const tell = async (model, { epochs, steps, best, reason }) =>
        say(JSON.stringify({ digest: await digest(model), best, reason, epochs: epochs.map((p) => [p.epoch, p.loss, p.validationLoss]), steps: [...steps.step],
          bits: [...new Uint32Array(steps.loss.buffer, steps.loss.byteOffset, steps.loss.length)] }));`;
    const told = (program: string) => {
      const { status, stdout, stderr } = node(head + program);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      return stdout;
    };
    try {
      const whole = JSON.parse(told("await tell(net, await net.fit(data, options));"));
      const first = told(`const to = (bytes) => { writeFileSync(${saved}, bytes); process.exit(0); };
        await net.fit(data, { ...options, checkpoint: { every: 17, to } });`);
      expect(first).toBe("");
      const rest = JSON.parse(
        told(`const again = await loadModel(readFileSync(${saved}));
        await tell(again, await again.resume(data));`),
      );
      expect(rest.steps[0]).toBe(18);
      expect(rest).toEqual({
        ...whole,
        steps: whole.steps.slice(17),
        bits: whole.bits.slice(17),
        epochs: whole.epochs.slice(2), // the third is the first that ends after the cut
      });
      expect(whole.bits.length).toBeGreaterThan(40);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("draws its bar on stderr, not on stdout", () => {
    const { status, stdout, stderr } = node("await model.fit(data, { epochs: 3, log: true });");
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr.split("\n").filter((line) => line.includes("epoch"))).toHaveLength(3);
    expect(stderr).toContain("finished after 6 steps");
  });

  it("keeps its memory flat over many models", () => {
    // The residual set, sampled after each model; medians, since the collector comes when it likes.
    const { status, stdout, stderr } = node(
      `await model.dispose();
      const sizes = [];
      for (let i = 0; i < 90; i++) {
        const one = await createModel({ input: { size: 1 }, layers: [gru({ hiddenSize: 16 }), dense({ units: 1 })], output: { at: "every" } });
        await one.fit(data, { epochs: 1 });
        await one.dispose();
        await new Promise((resolve) => setTimeout(resolve, 5));
        gc();
        sizes.push(process.memoryUsage().rss);
      }
      const median = (part) => part.sort((a, b) => a - b)[part.length >> 1];
      say(String(median(sizes.slice(60)) / median(sizes.slice(30, 60))));`,
      "--expose-gc",
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(Number(stdout)).toBeLessThan(1.05);
  });
});

describe("models side by side", () => {
  it("do not disturb each other", async () => {
    const models: Model[] = await Promise.all([1, 2, 3].map((seed) => make({ ...summer, seed })));
    const alone = await make({ ...summer, seed: 2 });
    await Promise.all(models.map((model) => model.fit(sums(16), { epochs: 3 })));
    await alone.fit(sums(16), { epochs: 3 });
    expect(await digest(models[1]!)).toBe(await digest(alone));
  });
});
