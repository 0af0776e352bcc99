/** Runs: learning, sameness, controls. What an update does, and resuming, have files of their own. */
import { adam, cosineDecay, createModel, dense, loadModel, type Progress, rnn, type Samples, sgd } from "retrograd";
import { describe, expect, it } from "vitest";
import { classifier, digest, gestures, kept, make, sleep, summer, sums } from "./support.js";

describe("fit", () => {
  it("learns, in the user's labels, and keeps the best epoch", async () => {
    const model = await make(classifier);
    const { x, y } = gestures(60);
    const history = await model.fit({ x, y }, { epochs: 30, validationSplit: { fraction: 0.25, from: "random" } });
    const best = Math.min(...history.epochs.map((e) => e.validationLoss!));
    expect(history.best?.validationLoss).toBe(best);
    expect(history.epochs.at(-1)?.validationMetrics?.accuracy).toBe(1);
    const { labels, values } = await model.predict(x.slice(0, 4));
    expect(labels).toEqual(["down", "up", "down", "up"]);
    for (const row of values.toArray() as number[][]) expect(row[0]! + row[1]!).toBeCloseTo(1, 6);
    expect((await model.evaluate({ x, y })).accuracy).toBe(1);
  });

  it("gives the same bits for the same seed, and others for another", async () => {
    const run = async (seed: number) => {
      const model = await make(classifier);
      const history = await model.fit(gestures(40), { epochs: 3, batchSize: 8, seed });
      return [await digest(model), ...history.steps.loss];
    };
    expect(await run(1)).toEqual(await run(1));
    expect(await run(2)).not.toEqual(await run(1));
  });

  it("gives the same bits on any number of workers", async () => {
    const run = async (workers: number) => {
      const model = await make(classifier, { workers });
      const history = await model.fit(gestures(40), { epochs: 3, batchSize: 16, validationSplit: 0.2 });
      return [await digest(model), ...history.steps.loss, ...history.epochs.map((e) => e.validationLoss)];
    };
    const alone = await run(1);
    expect(await run(2)).toEqual(alone);
    expect(await run(3)).toEqual(alone);
  });

  it("records counted steps and tells every epoch", async () => {
    const model = await make(summer);
    const seen: Progress[] = [];
    const history = await model.fit(sums(40), {
      epochs: 4,
      batchSize: 10,
      recordEvery: 3,
      optimizer: sgd({ learningRate: cosineDecay({ initial: 0.1, steps: 16 }), momentum: 0.9 }),
      onProgress: (p) => seen.push(p),
    });
    expect([...history.steps.step]).toEqual([3, 6, 9, 12, 15]);
    expect(history.epochs.map((e) => [e.epoch, e.step])).toEqual([
      [1, 4],
      [2, 8],
      [3, 12],
      [4, 16],
    ]);
    expect(seen.filter((p) => p.kind === "epoch")).toEqual(history.epochs);
    expect(history.epochs[0]).toMatchObject({ epochs: 4, steps: 16, clipped: 0 });
    expect(history.epochs[3]!.learningRate).toBeLessThan(history.epochs[0]!.learningRate);
    expect(history.epochs[3]!.loss).toBeLessThan(history.epochs[0]!.loss);
  });

  it("warns of columns that ask to be scaled", async () => {
    const model = await make(summer);
    const { x, y } = sums(8);
    const history = await model.fit({ x: x.map((s) => s.map(([v]) => [1000 + v!])), y }, { epochs: 1 });
    expect(history.warnings.join()).toMatch(/scale/);
  });

  it("ends by the clock", async () => {
    const model = await make(summer);
    expect((await model.fit(sums(16), { seconds: 0.2 })).reason).toBe("seconds");
  });

  it("ends when patience is out, with the best weights in place", async () => {
    const model = await make(summer);
    const { x, y } = sums(16);
    const validationData: Samples = { x, y: y.map((s) => s.map(([v]) => [-v!])) }; // gets worse the more it learns
    const history = await model.fit({ x, y }, { epochs: 200, validationData, patience: 3 });
    expect(history.reason).toBe("patience");
    const last = history.epochs.at(-1)!;
    expect(last.epoch).toBe(history.best!.epoch + 3);
    expect((await model.evaluate(validationData)).loss).toBeCloseTo(history.best!.validationLoss, 6);
  });

  it("serves the model between steps", async () => {
    const model = await make(summer);
    const data = sums(64, 40);
    const run = model.fit(data, { epochs: 100_000 });
    const [first, saved] = await Promise.all([model.predict(data.x.slice(0, 1)), model.save()]);
    await sleep(100);
    const later = await model.predict(data.x.slice(0, 1));
    expect([...later.values.data]).not.toEqual([...first.values.data]);
    await model.evaluate(data);
    await model.gradients(data);
    await expect(model.setParameters(await model.parameters())).rejects.toMatchObject({ name: "BusyError" });
    await expect(model.fit(data)).rejects.toMatchObject({ name: "BusyError", code: "busy" });
    await expect(model.online()).rejects.toMatchObject({ name: "BusyError" });
    await expect(model.trainer()).rejects.toMatchObject({ name: "BusyError", code: "busy" });
    await expect(model.resume(data)).rejects.toMatchObject({ name: "BusyError", code: "busy" });
    expect((await run.stop()).reason).toBe("stopped");
    // What was saved in the middle goes on.
    const again = kept(await loadModel(saved));
    expect((await again.resume(data, { epochs: 1 })).reason).toBe("finished");
  });
});

describe("a source of batches", () => {
  const { x, y } = sums(40);
  function* batches(start: number) {
    for (let i = start; i < 12; i++) yield { x: x.slice(3 * i, 3 * i + 3), y: y.slice(3 * i, 3 * i + 3) };
  }
  const options = { steps: 12, optimizer: adam({ learningRate: 0.01 }) };

  it("is used batch by batch", async () => {
    const model = await make(summer);
    const history = await model.fit(batches, options);
    expect(history.steps.step).toHaveLength(12);
    expect(history.reason).toBe("finished");
  });

  it("that gives something else is refused with what came, and the model goes on", async () => {
    const model = await make(summer);
    for (const wrong of [undefined, null, 5, x]) {
      const source = () => [{ x, y }, wrong as never];
      await expect(model.fit(source, options)).rejects.toMatchObject({ name: "DataError", path: "data" });
    }
    expect((await model.fit(batches, options)).reason).toBe("finished");
  });

  it("goes on where a saved run left it, to the same bits", async () => {
    const whole = await make(summer);
    await whole.fit(batches, options);
    const files: Uint8Array<ArrayBuffer>[] = [];
    const cut = await make(summer);
    await cut.fit(batches, { ...options, checkpoint: { every: 5, to: (file) => void files.push(file) } });
    const starts: number[] = [];
    const again = kept(await loadModel(files[0]!));
    await again.resume((start) => {
      starts.push(start);
      return batches(start);
    });
    expect(starts).toEqual([5]);
    expect(await digest(again)).toBe(await digest(whole));
  });

  it("goes on to the same bits from a checkpoint that falls on the end of a pass", async () => {
    const pass = () =>
      Array.from({ length: 4 }, (_, i) => ({ x: x.slice(3 * i, 3 * i + 3), y: y.slice(3 * i, 3 * i + 3) }));
    const passes = { epochs: 3, optimizer: adam({ learningRate: 0.01 }) };
    const whole = await make(summer);
    const files: Uint8Array<ArrayBuffer>[] = [];
    const to = (file: Uint8Array<ArrayBuffer>) => void files.push(file);
    await whole.fit(pass, { ...passes, checkpoint: { every: 4, to } });
    const again = kept(await loadModel(files[0]!));
    const history = await again.resume(pass);
    expect(history.epochs.map((e) => [e.epoch, e.step])).toEqual([
      [2, 8],
      [3, 12],
    ]);
    expect(await digest(again)).toBe(await digest(whole));
  });

  it("is called for each pass with what of it has been used, from wherever a run goes on", async () => {
    // The last batch of a pass is an update by itself.
    const run = { epochs: 3, optimizer: options.optimizer, gradientAccumulation: 3 };
    const calls: number[][] = [];
    function* pass(start: number, number: number) {
      calls.push([start, number]);
      // No two passes are alike.
      for (let i = start + 4 * number; i < 4 * number + 4; i++)
        yield { x: x.slice(3 * i, 3 * i + 3), y: y.slice(3 * i, 3 * i + 3) };
    }
    const whole = await make(summer);
    const { epochs } = await whole.fit(pass, run);
    expect(epochs.map((e) => [e.epoch, e.step])).toEqual([
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    expect(calls.splice(0)).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    for (const steps of [1, 2, 3, 4, 5]) {
      const cut = await make(summer);
      await cut.fit(pass, { ...run, epochs: 9, steps });
      calls.length = 0;
      const again = kept(await loadModel(await cut.save()));
      const history = await again.resume(pass, { steps: 6 });
      expect(history.epochs.at(-1)).toMatchObject({ epoch: 3, step: 6 });
      expect(calls[0], `after ${steps}`).toEqual([steps % 2 ? 3 : 0, Math.floor(steps / 2)]);
      expect(await digest(again)).toBe(await digest(whole));
    }
  });

  it("ends an epoch where a run ended by steps or a stop with the last batch of its pass", async () => {
    function* pass(start: number) {
      for (let i = start; i < 4; i++) yield { x: x.slice(3 * i, 3 * i + 3), y: y.slice(3 * i, 3 * i + 3) };
    }
    const model = await make(summer);
    const ended = await model.fit(pass, { ...options, steps: 4 });
    expect(ended.reason).toBe("finished");
    const { epochs } = await model.resume(pass, { steps: 12 });
    expect(epochs.map((e) => [e.epoch, e.step])).toEqual([
      [1, 4],
      [2, 8],
      [3, 12],
    ]);
    const whole = await make(summer);
    expect((await whole.fit(pass, options)).epochs).toHaveLength(3);
    expect(await digest(model)).toBe(await digest(whole));
  });

  describe("that waits for ever", () => {
    /** Gives one batch; `asked` settles when it is asked for the next. */
    function waiting() {
      let ask = () => {};
      const asked = new Promise<void>((resolve) => {
        ask = resolve;
      });
      async function* source() {
        yield { x, y };
        ask();
        await new Promise(() => {});
      }
      return { source, asked };
    }

    it("does not keep a run from being stopped or aborted", async () => {
      const model = await make(summer);
      const one = waiting();
      const stopped = model.fit(one.source, options);
      await one.asked;
      expect((await stopped.stop()).reason).toBe("stopped");
      const other = waiting();
      const controller = new AbortController();
      const aborted = model.fit(other.source, { ...options, signal: controller.signal });
      const rejected = expect(aborted).rejects.toThrow("enough");
      await other.asked;
      controller.abort(new Error("enough"));
      await rejected;
      expect((await model.fit({ x, y }, { epochs: 1 })).reason).toBe("finished");
    });

    it("does not keep a run from being paused", async () => {
      const model = await make(summer);
      const { source, asked } = waiting();
      const run = model.fit(source, options);
      await asked;
      await run.pause();
      run.resume();
      expect((await run.stop()).reason).toBe("stopped");
    });
  });

  it("is closed when the run ends, and waited for", async () => {
    const model = await make(summer);
    let closed = false;
    async function* source() {
      try {
        for (;;) yield { x, y };
      } finally {
        await sleep(20);
        closed = true;
      }
    }
    await model.fit(source, { steps: 3 });
    expect(closed).toBe(true);
  });
});

describe("the end of a run", () => {
  it("by a signal rejects with its reason, and the model stays usable", async () => {
    const model = await make(summer);
    const data = sums(32);
    const run = model.fit(data, { epochs: 1e6, signal: AbortSignal.timeout(80) });
    await expect(run).rejects.toMatchObject({ name: "TimeoutError" });
    await expect(model.fit(data, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect((await model.fit(data, { epochs: 1 })).reason).toBe("finished");
  });

  it("comes in time where an update takes less than to show it", async () => {
    const model = await make({ ...summer, layers: [rnn({ hiddenSize: 1 }), dense()] });
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 200);
    const run = model.fit(sums(1), { epochs: 200_000, signal: controller.signal });
    await expect(run).rejects.toThrow("enough");
  });

  it("by a signal does not wait for a checkpoint that is never kept", async () => {
    const model = await make(summer);
    const controller = new AbortController();
    const to = () => {
      setTimeout(() => controller.abort(new Error("enough")), 50);
      return new Promise<void>(() => {});
    };
    const run = model.fit(sums(32), { epochs: 1e6, checkpoint: { every: 5, to }, signal: controller.signal });
    await expect(run).rejects.toThrow("enough");
    expect((await model.fit(sums(8), { epochs: 1 })).reason).toBe("finished");
  });

  it("comes after pauses, which may be asked for twice", async () => {
    const model = await make(summer);
    const run = model.fit(sums(16), { epochs: 1e6 });
    await run.pause();
    await run.pause();
    run.resume();
    await Promise.all([run.pause(), run.pause()]);
    expect((await run.stop()).reason).toBe("stopped");
    await run.pause();
  });

  it("by leaving the loop keeps what was learnt", async () => {
    const model = await make(summer);
    const before = await digest(model);
    const run = model.fit(sums(32), { epochs: 1e6 });
    for await (const p of run) if (p.epoch >= 3) break;
    expect((await run).reason).toBe("stopped");
    expect(await digest(model)).not.toBe(before);
  });

  it("by dispose rejects with DisposedError", async () => {
    const model = await createModel(summer);
    const run = model.fit(sums(16), { epochs: 1e6 });
    setTimeout(() => void model.dispose(), 50);
    await expect(run).rejects.toMatchObject({ name: "DisposedError" });
  });
});
