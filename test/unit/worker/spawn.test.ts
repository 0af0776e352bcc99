/** The branch for browsers, with a Worker of a few lines in place of theirs. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { spawn } from "../../../ts/worker/spawn.js";

class FakeWorker extends EventTarget {
  static made: FakeWorker[] = [];
  static refuse = false;
  readonly sent: unknown[] = [];
  onmessage?: (event: { data: unknown }) => void;
  onerror?: (event: { message?: string; preventDefault(): void }) => void;
  terminated = false;
  constructor(
    readonly url: string,
    readonly options: object,
  ) {
    if (FakeWorker.refuse) throw new Error("The operation is insecure.");
    super();
    FakeWorker.made.push(this);
  }
  postMessage(message: unknown) {
    this.sent.push(message);
  }
  terminate() {
    this.terminated = true;
  }
}

const deaths: string[] = [];
const notices: unknown[] = [];
const events = { notice: (n: unknown) => notices.push(n), death: (reason: string) => deaths.push(reason) };

beforeEach(() => {
  FakeWorker.made = [];
  FakeWorker.refuse = false;
  deaths.length = 0;
  notices.length = 0;
  vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
  vi.stubGlobal("Worker", FakeWorker);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it("says what is needed where there is no worker, as in a Node of before getBuiltinModule", () => {
  vi.stubGlobal("Worker", undefined);
  expect(() => spawn("", events)).toThrow("Node 20.16 or newer is needed");
});

describe("a worker in a browser", () => {
  it("is a module from a Blob, whose address is given back when it has started", async () => {
    const revoked = vi.spyOn(URL, "revokeObjectURL");
    const spawned = spawn("const é = 1;", events);
    const [worker] = FakeWorker.made;
    expect(worker!.options).toMatchObject({ type: "module" });
    expect(worker!.url).toMatch(/^blob:/);
    expect(await (await fetch(worker!.url)).text()).toBe("const é = 1;");
    const { port1, port2 } = new MessageChannel();
    spawned.start({ module: {} as WebAssembly.Module, port: port2 });
    expect(worker!.sent).toHaveLength(1);
    worker!.onmessage?.({ data: { ready: true } });
    expect(notices).toEqual([{ ready: true }]);
    expect(revoked).toHaveBeenCalledWith(worker!.url);
    spawned.hold(true); // no ref there: nothing to do
    spawned.terminate();
    expect(worker!.terminated).toBe(true);
    port1.close();
  });

  it("can be given by its address", () => {
    spawn(new URL("https://example.org/worker.js"), events);
    expect(String(FakeWorker.made[0]!.url)).toBe("https://example.org/worker.js");
  });

  it("that says nothing when it fails was forbidden by a policy: the hint says what to allow", () => {
    spawn("", events);
    const preventDefault = vi.fn();
    FakeWorker.made[0]!.onerror?.({ preventDefault });
    FakeWorker.made[0]!.onerror?.({ message: "Uncaught TypeError: x", preventDefault });
    expect(deaths).toEqual([expect.stringContaining("worker-src blob:"), "Uncaught TypeError: x"]);
    expect(preventDefault).toHaveBeenCalledTimes(2);
  });

  it("that may not even be made is a WorkerError with the same hint", () => {
    FakeWorker.refuse = true;
    expect(() => spawn("", events)).toThrow(
      expect.objectContaining({ name: "WorkerError", message: expect.stringMatching(/worker-src blob:.*insecure/) }),
    );
  });

  it("tells of its end where the runtime does", () => {
    spawn("", events);
    FakeWorker.made[0]!.dispatchEvent(new Event("close"));
    expect(deaths).toEqual(["the worker ended"]);
  });
});
