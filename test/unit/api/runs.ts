/** Runs as the user holds them, around a real thread with the kernel of a few lines: what their tests share. */
import { afterEach, beforeAll, expect } from "vitest";
import type { Core, CoreRuntime } from "../../../ts/api/core.js";
import type { Parsed, Prepared } from "../../../ts/api/driver.js";
import type { startRun } from "../../../ts/api/run.js";
import type { RunControls } from "../../../ts/api/types.js";
import type { BatchSource, Samples } from "../../../ts/data/values.js";
import type { Bytes } from "../../../ts/worker/protocol.js";
import type { FakeRun } from "../worker/fake-kernel.js";
import { installFakeWorker } from "../worker/fake-worker.js";

let openCore: (runtime: CoreRuntime) => Promise<Core>;
let beginRun: typeof startRun;
const cores: Core[] = [];

/** Rejections that nobody handled in the test at hand; none may be left at its end. */
export const unhandled: unknown[] = [];

/** To be called once in a file of tests: the thread before them, and what each leaves behind. */
export function aroundRuns() {
  beforeAll(async () => {
    await installFakeWorker();
    const { Core } = await import("../../../ts/api/core.js");
    beginRun = (await import("../../../ts/api/run.js")).startRun;
    openCore = async (runtime) => {
      const core = await Core.open(runtime, (connection) => connection.call("create", ["{}"]));
      cores.push(core);
      return core;
    };
  });
  process.on("unhandledRejection", (reason: unknown) => unhandled.push(reason));
  afterEach(async () => {
    for (const core of cores.splice(0)) core.dispose();
    await sleep(5);
    expect(unhandled.splice(0)).toEqual([]);
  });
}

export const open = (runtime: CoreRuntime = {}) => openCore(runtime);
export const begin: typeof startRun = (options) => beginRun(options);

const bytes = (value: unknown): Bytes => new TextEncoder().encode(JSON.stringify(value));
export const json = (b: Uint8Array) => JSON.parse(new TextDecoder().decode(b));
export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export const forever: FakeRun = { steps: 1e9, busy: 1, stepsPerEpoch: 50 };
export const batch: Samples = { x: [[1]], y: [1] };

export function start(core: Core, run: FakeRun, controls: RunControls = {}, source?: BatchSource) {
  const prepared: Prepared = {
    request: { resume: false, run: JSON.stringify(run) },
    payloads: [bytes({})],
    source,
    encode: (pulled) => bytes(pulled.kind === "batch" ? { y: pulled.samples.y } : { end: true }),
  };
  const parse = (): Parsed => ({ controls, prepare: async () => prepared });
  return begin({ core, what: "fit", parse });
}
