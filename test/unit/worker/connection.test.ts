/** A real thread around the kernel of a few lines: calls settle whatever becomes of the worker. */
import { spawnSync } from "node:child_process";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Connection } from "../../../ts/worker/connection.js";
import type { Bytes, RunEvent } from "../../../ts/worker/protocol.js";
import type { WasmSource } from "../../../ts/worker/wasm.js";
import { ports as watchPorts } from "../../api/ports.js";
import { installFakeWorker, programWithFakeWorker } from "./fake-worker.js";

let open: (place?: { wasm?: WasmSource; worker?: URL }) => Connection;
const connections: Connection[] = [];

beforeAll(async () => {
  await installFakeWorker();
  const { Connection } = await import("../../../ts/worker/connection.js");
  const { compile } = await import("../../../ts/worker/wasm.js");
  open = ({ wasm, worker } = {}) => {
    const connection = Connection.open({ module: compile(wasm), worker });
    connections.push(connection);
    return connection;
  };
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close(new Error("the test is over"));
});

const bytes = (value: unknown): Bytes => new TextEncoder().encode(JSON.stringify(value));
const json = (b: Uint8Array) => JSON.parse(new TextDecoder().decode(b));

/** Opens a run; `heard` gets what it says. */
async function start(connection: Connection, run: object, heard: (event: RunEvent) => void = () => {}) {
  await connection.call("create", ["{}"]);
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => {
    if (data.kind === "records") port1.postMessage({ kind: "seen" });
    heard(data);
  };
  (port1 as unknown as { unref(): void }).unref();
  const request = { resume: false, run: JSON.stringify(run), data: bytes({}) };
  await connection.call("run", [request, port2, []], [request.data.buffer, port2]);
  return port1;
}

/** The worker_threads that the connection has made. */
function spy(): Worker[] {
  const made: Worker[] = [];
  const threads = process.getBuiltinModule("node:worker_threads");
  class Spied extends threads.Worker {
    constructor(...a: ConstructorParameters<typeof Worker>) {
      super(...a);
      made.push(this);
    }
  }
  const original = process.getBuiltinModule;
  vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
    name === "node:worker_threads" ? { ...threads, Worker: Spied } : original(name)) as typeof original);
  return made;
}
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("calls", () => {
  it("cross the thread both ways, bytes moved", async () => {
    const connection = open();
    const { summary } = await connection.call("create", ['{"seed":3}']);
    expect(summary).toBe("a fake");
    const bundle = bytes([1, 2]);
    expect(json(await connection.call("predict", [bundle, "{}"], [bundle.buffer]))).toEqual({
      got: [1, 2],
      weights: 0,
    });
    expect(bundle.byteLength).toBe(0);
  });

  it("bring typed errors with all their fields, and the worker lives on", async () => {
    const connection = open();
    await expect(connection.call("create", ['{"seed":-1}'])).rejects.toMatchObject({
      name: "ConfigError",
      code: "wrong",
      path: "seed",
    });
    await connection.call("create", ["{}"]);
    await expect(connection.call("predict", [bytes(0), "refuse"])).rejects.toMatchObject({
      expected: "yes",
      received: "no",
      details: { step: 3 },
    });
    await expect(connection.call("save", [true])).resolves.toBeInstanceOf(Uint8Array);
  });

  it("are served while a run goes on, within a slice or two", async () => {
    const connection = open();
    const port = await start(connection, { steps: 1e9, busy: 1 });
    const begun = performance.now();
    for (let i = 0; i < 10; i++) await connection.call("save", [true]);
    expect(performance.now() - begun).toBeLessThan(1500); // ten slices of 10 ms on two shared cores
    port.postMessage({ kind: "stop", reason: "stopped" });
  });
});

describe("a dead worker", () => {
  it("rejects all that waits when it is terminated from outside", async () => {
    const made = spy();
    const connection = open();
    await start(connection, { steps: 1e9, busy: 1 });
    const forever = connection.settle(() => new Promise(() => {}));
    const call = connection.call("create", ["{}"]);
    const begun = performance.now();
    void made[0]?.terminate();
    for (const promise of [forever, call])
      await expect(promise).rejects.toMatchObject({ name: "WorkerError", code: "workerDied" });
    expect(performance.now() - begun).toBeLessThan(1000);
    await expect(connection.call("create", ["{}"])).rejects.toMatchObject({ name: "WorkerError" });
  });

  it("rejects all that waits when the kernel traps in a run, with the panic's text", async () => {
    const connection = open();
    await start(connection, { steps: 1000, busy: 2, trapAt: 60 });
    const forever = connection.settle(() => new Promise(() => {}));
    await expect(forever).rejects.toMatchObject({
      name: "WorkerError",
      code: "panic",
      message: expect.stringContaining("panicked at fake.rs:1: broken"),
    });
  });

  it("rejects the call that trapped", async () => {
    const connection = open();
    await connection.call("create", ["{}"]);
    await expect(connection.call("predict", [bytes(0), "trap"])).rejects.toMatchObject({
      name: "WorkerError",
      code: "panic",
    });
  });

  it("leaves no port open when it cannot even be started", async () => {
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
    vi.stubGlobal("Worker", undefined);
    const ports = watchPorts();
    expect(() => open()).toThrow("Node 20.16 or newer is needed");
    await vi.waitFor(() => expect(ports.size).toBe(0));
  });

  it("is told of when its source does not even parse", async () => {
    const connection = open({ worker: new URL("data:text/javascript,this is no program") });
    await expect(connection.call("create", ["{}"])).rejects.toMatchObject({
      name: "WorkerError",
      message: expect.stringContaining("SyntaxError"),
    });
  });

  it("rejects with the caller's reason when the caller ends it", async () => {
    const connection = open();
    await start(connection, { steps: 1e9, busy: 1 });
    const forever = connection.settle(() => new Promise(() => {}));
    const reason = new Error("enough");
    connection.close(reason);
    connection.close(new Error("again"));
    await expect(forever).rejects.toBe(reason);
    await expect(connection.call("create", ["{}"])).rejects.toBe(reason);
  });

  it("is a WorkerError too when the kernel's bytes do not compile", async () => {
    await expect(open({ wasm: new Uint8Array([1, 2, 3]) }).call("create", ["{}"])).rejects.toMatchObject({
      name: "WorkerError",
      message: expect.stringContaining("could not be compiled"),
    });
  });
});

describe("the process", () => {
  const open =
    'import { Connection } from "../../../ts/worker/connection.js"; import { compile } from "../../../ts/worker/wasm.js"; const connection = Connection.open({ module: compile() });';
  const create = 'await connection.call("create", ["{}"]);';
  const run = `const { port1, port2 } = new MessageChannel(); port1.unref();
    const data = new TextEncoder().encode("{}");
    const run = { resume: false, run: JSON.stringify({ steps: 60, busy: 10 }), data };
    await connection.call("run", [run, port2, []], [data.buffer, port2]);
    await connection.settle(() => new Promise((resolve) => {
      port1.onmessage = (e) => (e.data.kind === "end" ? resolve(undefined) : port1.postMessage({ kind: "seen" }));
      port1.unref();
    }));`;

  it.each([
    ["ends by itself with a connection left open", open],
    ["ends by itself with a model left open", open + create],
    ["stays until a run of more than half a second has ended, and ends then", open + create + run],
  ])("%s", async (_, program) => {
    const code = await programWithFakeWorker(`${program} console.log("done");`);
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module"], {
      input: code,
      encoding: "utf8",
      timeout: 20_000,
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "done\n", stderr: "" });
  });
});
