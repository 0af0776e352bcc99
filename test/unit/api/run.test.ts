/** A run as the user holds it, around a real thread with the kernel of a few lines. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Core, CoreRuntime } from "../../../ts/api/core.js";
import type { Parsed, Prepared } from "../../../ts/api/driver.js";
import type { startRun } from "../../../ts/api/run.js";
import type { History, Progress, RunControls } from "../../../ts/api/types.js";
import type { BatchSource, Samples } from "../../../ts/data/values.js";
import type { Bytes, RunRequest } from "../../../ts/worker/protocol.js";
import type { FakeRun } from "../worker/fake-kernel.js";
import { installFakeWorker } from "../worker/fake-worker.js";

let open: (runtime?: CoreRuntime) => Promise<Core>;
let begin: typeof startRun;
const cores: Core[] = [];

beforeAll(async () => {
  await installFakeWorker();
  const { Core } = await import("../../../ts/api/core.js");
  begin = (await import("../../../ts/api/run.js")).startRun;
  open = async (runtime = {}) => {
    const core = await Core.open(runtime, (connection) => connection.call("create", ["{}"]));
    cores.push(core);
    return core;
  };
});

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
process.on("unhandledRejection", note);
afterEach(async () => {
  for (const core of cores.splice(0)) core.dispose();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(unhandled.splice(0)).toEqual([]);
});

const bytes = (value: unknown): Bytes => new TextEncoder().encode(JSON.stringify(value));
const json = (b: Uint8Array) => JSON.parse(new TextDecoder().decode(b));
const forever: FakeRun = { steps: 1e9, busy: 1, stepsPerEpoch: 50 };

function start(core: Core, run: FakeRun, controls: RunControls = {}, source?: BatchSource) {
  const prepared: Prepared = {
    request: { resume: false, run: JSON.stringify(run) },
    payloads: [bytes({})],
    source,
    encode: (pulled) => bytes(pulled.kind === "batch" ? { y: pulled.samples.y } : { end: true }),
  };
  const parse = (): Parsed => ({ controls, prepare: async () => prepared });
  return begin({ core, what: "fit", parse });
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

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

describe("what never settles of the user's own", () => {
  const never = () => new Promise<never>(() => {});
  const batch: Samples = { x: [[1]], y: [1] };
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
  const batch: Samples = { x: [[1]], y: [1] };

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

  it("is called again at the end of a pass, with what has been used", async () => {
    const starts: number[] = [];
    const source = (start: number) => {
      starts.push(start);
      return [batch, batch, batch];
    };
    expect((await start(await open(), { steps: 8, batches: true }, {}, source)).reason).toBe("finished");
    expect(starts).toEqual([0, 3, 6]);
  });

  it("that counts to its own end ends the run", async () => {
    async function* source(start: number) {
      for (let i = start; i < 5; i++) yield batch;
    }
    const history = await start(await open(), { steps: 1e9, batches: true }, {}, source);
    expect(history.reason).toBe("finished");
    expect(history.steps.step.at(-1)).toBe(5);
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
