/** A run as the user holds it, around a real thread with the kernel of a few lines. */
import { describe, expect, it, vi } from "vitest";
import type { Progress } from "../../../ts/api/types.js";
import { aroundRuns, begin, forever, json, open, sleep, start, unhandled } from "./runs.js";

aroundRuns();

describe("a run", () => {
  it("is a real promise of its history, and plain promises come of it", async () => {
    const run = start(await open(), { steps: 20, metrics: ["rmse"] });
    expect(run).toBeInstanceOf(Promise);
    const then = run.then((h) => h.reason);
    expect(then.constructor).toBe(Promise);
    expect(await then).toBe("finished");
    const history = await run;
    expect(history.epochs.map((e) => e.epoch)).toEqual([1, 2, 3, 4]);
    expect(history.epochs[0]).toMatchObject({ kind: "epoch", epochs: 4, steps: 20, validationMetrics: { rmse: 10 } });
    expect(history.epochs[0]?.stepsPerSecond).toBeGreaterThan(0);
    expect([...history.steps.step]).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(history.warnings).toEqual(["careful"]);
  });

  it("can be looped over; every epoch comes, to a late loop too", async () => {
    const run = start(await open(), { steps: 30 });
    const seen: Progress[] = [];
    for await (const p of run) seen.push(p);
    expect(seen.filter((p) => p.kind === "epoch").map((p) => p.epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    const late: number[] = [];
    for await (const p of run) late.push(p.epoch);
    expect(late).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("tells onProgress the same as a loop", async () => {
    const told: Progress[] = [];
    const run = start(await open(), { steps: 100, busy: 3 }, { onProgress: (p) => told.push(p) });
    const looped: Progress[] = [];
    for await (const p of run) looped.push(p);
    expect(told.filter((p) => p.kind === "epoch")).toEqual(looped.filter((p) => p.kind === "epoch"));
  });

  it("stops at a break, and the model is free right after it", async () => {
    const core = await open();
    const run = start(core, forever);
    for await (const _ of run) break;
    expect((await run).reason).toBe("stopped");
    expect((await start(core, { steps: 3 })).reason).toBe("finished");
  });

  it("stops when told, and answers with its history", async () => {
    const run = start(await open(), forever);
    expect((await run.stop()).reason).toBe("stopped");
  });

  it("pauses and goes on", async () => {
    const core = await open();
    const run = start(core, forever);
    await run.pause();
    const weights = async () => json(await core.call("parameters", [])).weights;
    const before = await weights();
    await sleep(50);
    expect(await weights()).toBe(before);
    run.resume();
    await sleep(50);
    expect(await weights()).toBeGreaterThan(before);
    void run.pause();
    expect((await run.stop()).reason).toBe("stopped");
    await run.pause(); // it is over: nothing to wait for
  });

  it("answers a pause when it is there, whatever was asked before", async () => {
    const core = await open();
    const run = start(core, forever);
    const weights = async () => json(await core.call("parameters", [])).weights;
    for (let i = 0; i < 10; i++) {
      void run.pause();
      run.resume();
      await run.pause();
      const before = await weights();
      await sleep(3);
      expect(await weights()).toBe(before);
      run.resume();
    }
    await run.stop();
  });

  it("refuses a second run at once, and the first goes on", async () => {
    const core = await open();
    const first = start(core, forever);
    await expect(start(core, forever)).rejects.toMatchObject({ name: "BusyError" });
    expect((await first.stop()).reason).toBe("stopped");
  });

  it("rejects with what parsing its options throws", async () => {
    const core = await open();
    const run = begin({
      core,
      what: "fit",
      parse: () => {
        throw new RangeError("no");
      },
    });
    await expect(run).rejects.toThrow(new RangeError("no"));
    await start(core, { steps: 1 });
  });
});

describe("a failure", () => {
  it("is reported by the promise", async () => {
    const core = await open();
    await expect(start(core, { divergeAt: 3 })).rejects.toMatchObject({ name: "DivergenceError", step: 3 });
    await expect(start(core, { refuse: true })).rejects.toMatchObject({ name: "ConfigError", path: "steps" });
    await start(core, { steps: 1 });
  });

  it("is handled when the loop alone reports it", async () => {
    const run = start(await open(), { divergeAt: 7 });
    const seen: Progress[] = [];
    const loop = async () => {
      for await (const p of run) seen.push(p);
    };
    await expect(loop()).rejects.toMatchObject({ name: "DivergenceError" });
    expect(seen.some((p) => p.kind === "epoch")).toBe(true);
  });

  it("is handled when the promise alone reports it, whatever stop() gave", async () => {
    const run = start(await open(), { steps: 1e9, divergeAt: 400, busy: 0.1 });
    await expect(run).rejects.toMatchObject({ name: "DivergenceError" });
    void run.stop();
  });

  it("is an unhandled rejection when nobody listens", async () => {
    start(await open(), { divergeAt: 2 });
    await vi.waitFor(() => expect(unhandled).toHaveLength(1));
    expect(unhandled.splice(0)[0]).toMatchObject({ name: "DivergenceError" });
  });

  it("of the user's own code ends the run with it", async () => {
    const core = await open();
    const mine = new Error("mine");
    const throwing = () => {
      throw mine;
    };
    await expect(start(core, forever, { onProgress: throwing })).rejects.toBe(mine);
    await expect(start(core, forever, { onProgress: async () => throwing() })).rejects.toBe(mine);
    await expect(start(core, forever, { checkpoint: { every: 5, to: throwing } })).rejects.toBe(mine);
    await expect(start(core, { batches: true }, {}, throwing)).rejects.toBe(mine);
    expect((await start(core, { steps: 1 })).reason).toBe("finished");
  });
});

describe("a signal", () => {
  it("rejects with its reason, between two slices, and the model stays usable", async () => {
    const core = await open();
    const abort = new AbortController();
    const run = start(core, forever, { signal: abort.signal });
    setTimeout(() => abort.abort("enough"), 30);
    await expect(run).rejects.toBe("enough");
    expect((await start(core, { steps: 2 })).reason).toBe("finished");
  });

  it("that is aborted already starts nothing", async () => {
    const core = await open();
    await expect(start(core, forever, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect(json(await core.call("parameters", [])).weights).toBe(0);
  });

  it("gives up opening", async () => {
    await expect(open({ signal: AbortSignal.abort("no") })).rejects.toBe("no");
    const abort = new AbortController();
    const opening = open({ signal: abort.signal });
    abort.abort("changed my mind");
    await expect(opening).rejects.toBe("changed my mind");
  });

  it("does nothing to a model that is open", async () => {
    const abort = new AbortController();
    const core = await open({ signal: abort.signal });
    abort.abort();
    expect((await start(core, { steps: 2 })).reason).toBe("finished");
  });
});

describe("the end of the model", () => {
  it("rejects a run with DisposedError, and what comes after", async () => {
    const core = await open();
    const run = start(core, forever);
    setTimeout(() => core.dispose(), 30);
    await expect(run).rejects.toMatchObject({ name: "DisposedError" });
    core.dispose();
    await expect(start(core, { steps: 1 })).rejects.toMatchObject({ name: "DisposedError" });
    await expect(core.call("parameters", [])).rejects.toMatchObject({ name: "DisposedError" });
  });

  it("by a trap rejects the run with the panic's text", async () => {
    const core = await open();
    await expect(start(core, { trapAt: 4 })).rejects.toMatchObject({
      name: "WorkerError",
      message: expect.stringContaining("fake.rs"),
    });
    await expect(core.call("parameters", [])).rejects.toMatchObject({ name: "WorkerError" });
  });
});

describe("checkpoints", () => {
  it("come at counted steps, and a slow keeper gets one at a time", async () => {
    const kept: number[] = [];
    let together = 0;
    const to = async (file: Uint8Array) => {
      expect(++together).toBe(1);
      await sleep(5);
      kept.push(json(file).checkpoint);
      together--;
    };
    await start(await open(), { steps: 38 }, { checkpoint: { every: 10, to } });
    expect(kept).toEqual([10, 20, 30]);
  });
});
