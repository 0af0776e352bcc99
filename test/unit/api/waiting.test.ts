/** Runs that wait: for what never settles of the user's own, for batches of a source, for other workers. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { History } from "../../../ts/api/types.js";
import type { RunRequest } from "../../../ts/worker/protocol.js";
import type { FakeRun } from "../worker/fake-kernel.js";
import { aroundRuns, batch, forever, open, sleep, start } from "./runs.js";

aroundRuns();

describe("what never settles of the user's own", () => {
  const never = () => new Promise<never>(() => {});
  /** Gives one batch, and never the next. */
  const source = () => ({
    [Symbol.asyncIterator]: () => {
      let given = 0;
      return { next: () => (given++ ? never() : Promise.resolve({ done: false, value: batch })), return: never };
    },
  });

  it("does not hold up an abort, a disposal or the model after them", async () => {
    const core = await open();
    const controller = new AbortController();
    const aborted = start(core, { batches: true }, { signal: controller.signal }, source);
    setTimeout(() => controller.abort(new Error("enough")), 30);
    await expect(aborted).rejects.toThrow("enough");
    expect((await start(core, { steps: 1 })).reason).toBe("finished");
    const disposed = start(core, { batches: true }, {}, source);
    setTimeout(() => core.dispose(), 30);
    await expect(disposed).rejects.toMatchObject({ name: "DisposedError" });
  });

  it("does not hold up what the user's code threw", async () => {
    const mine = new Error("mine");
    const onProgress = () => {
      throw mine;
    };
    const checkpoint = { every: 1, to: never };
    await expect(start(await open(), forever, { onProgress, checkpoint })).rejects.toBe(mine);
  });

  it("does not hold up a pause, or a limit in seconds", async () => {
    const core = await open();
    const controller = new AbortController();
    const kept = start(core, { steps: 3 }, { checkpoint: { every: 1, to: never }, signal: controller.signal });
    await kept.pause(); // also where it only waits for the checkpoint at its end
    controller.abort(new Error("enough"));
    await expect(kept).rejects.toThrow("enough");
  });

  it("does not hold up a limit in seconds", async () => {
    const core = await open();
    const slow = () => ({ [Symbol.asyncIterator]: () => ({ next: never }) });
    for (let i = 0; i < 5; i++) {
      const run = start(core, { batches: true, seconds: 0.03 }, {}, slow);
      await run.pause();
      await sleep(50); // does not count
      run.resume();
      const begun = performance.now();
      expect((await run).reason).toBe("seconds");
      expect(performance.now() - begun).toBeGreaterThan(5);
    }
  });
});

describe("a source of batches", () => {
  it("is pulled as needed and closed at the end", async () => {
    const starts: number[] = [];
    let given = 0;
    let closed = 0;
    function* source(start: number) {
      starts.push(start);
      try {
        for (;;) {
          given++;
          yield batch;
        }
      } finally {
        closed++;
      }
    }
    await start(await open(), { steps: 8, batches: true }, {}, source);
    expect({ starts, closed }).toEqual({ starts: [0], closed: 1 });
    expect(given).toBeLessThanOrEqual(9);
  });

  it("is called again at the end of a pass, for a whole one", async () => {
    const calls: number[][] = [];
    async function* source(...call: [number, number]) {
      calls.push(call);
      for (let i = call[0]; i < 3; i++) yield batch;
    }
    const history = await start(await open(), { steps: 8, batches: true }, {}, source);
    expect(history.reason).toBe("finished");
    expect(history.steps.step.at(-1)).toBe(8);
    expect(history.warnings).toEqual(["careful"]);
    expect(calls).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
  });

  it("that gives nothing in a later pass ends the run, which is told", async () => {
    for (const workers of [1, 2]) {
      const once = [batch, batch, batch].values();
      const history = await start(await open({ workers }), { steps: 1e9, batches: true }, {}, () => once);
      expect(history.reason).toBe("finished");
      expect(history.steps.step.at(-1)).toBe(3);
      expect(history.warnings.filter((warning) => warning.startsWith("the run ends with pass 2"))).toHaveLength(1);
    }
  });

  it("that gives nothing at all is a DataError", async () => {
    const core = await open();
    await expect(start(core, { batches: true }, {}, () => [])).rejects.toMatchObject({ name: "DataError" });
    await expect(start(core, { batches: true }, {}, () => 5 as never)).rejects.toMatchObject({ name: "DataError" });
  });
});

describe.each([
  ["in shared memory", true, SharedArrayBuffer],
  ["by messages", false, undefined],
  ["by messages, for all that a polyfill says,", false, ArrayBuffer],
])("several workers, which meet %s,", (_, shared, global) => {
  beforeEach(() => void vi.stubGlobal("SharedArrayBuffer", global));
  afterEach(() => vi.unstubAllGlobals());

  const run: FakeRun = { steps: 25, stepsPerEpoch: 5 };
  const end = (h: History) => ({ reason: h.reason, epochs: h.epochs.length, steps: h.steps.step.length });

  it.each([1, 2, 3])("%i of them take each step together", async (workers) => {
    const core = await open({ workers });
    expect(end(await start(core, run))).toEqual({ reason: "finished", epochs: 5, steps: 25 });
    expect(end(await start(core, run))).toEqual({ reason: "finished", epochs: 5, steps: 25 });
  });

  it("are told so", async () => {
    const core = await open({ workers: 2 });
    const call = vi.spyOn(Object.getPrototypeOf(core.connection), "call");
    await start(core, run);
    const requests = call.mock.calls.filter(([name]) => name === "run").map(([, args]) => (args as RunRequest[])[0]);
    expect(requests.map((request) => [request?.shared, request?.parallel?.index])).toEqual([
      [shared, 1],
      [shared, 0],
    ]);
    call.mockRestore();
  });

  it("stop together", async () => {
    const started = start(await open({ workers: 2 }), { ...run, steps: 1e9 });
    await sleep(300);
    expect((await started.stop()).reason).toBe("stopped");
  });

  it("get the same batches each", async () => {
    let given = 0;
    const source = function* () {
      for (;;) {
        given++;
        yield { x: [[given]], y: [given] };
      }
    };
    const history = await start(await open({ workers: 2 }), { steps: 6, batches: true }, {}, source);
    expect(history.steps.step).toHaveLength(6);
    expect(given).toBeLessThanOrEqual(7);
  });

  it("fail together when one of them cannot open the run", async () => {
    await expect(start(await open({ workers: 2 }), { refuse: true })).rejects.toMatchObject({ name: "ConfigError" });
  });
});
