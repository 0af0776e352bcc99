import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { checkRuntime, known, splitControls } from "../../../ts/api/controls.js";
import { split, toJson } from "../../../ts/api/options.js";

const there = (value: unknown) => JSON.parse(toJson(value));

describe("descriptions on their way to the kernel", () => {
  it("go as they are when they are plain JSON", () => {
    const description = { input: { size: 3 }, layers: [{ kind: "gru", hiddenSize: 4 }], seed: 0, init: null };
    expect(there(description)).toEqual(description);
    expect(there(runInNewContext("({ list: [1, { a: 2 }] })"))).toEqual({ list: [1, { a: 2 }] });
  });

  it("take undefined for absent, but not as an element", () => {
    expect(there(undefined)).toEqual({});
    expect(there({ a: undefined, b: [1, undefined] })).toEqual({ b: [1, { $value: "undefined" }] });
  });

  it("say what JSON cannot", () => {
    const odd = {
      n: Number.NaN,
      i: Number.POSITIVE_INFINITY,
      m: Number.NEGATIVE_INFINITY,
      f: () => 0,
      s: Symbol("s"),
      b: 1n,
    };
    expect(there(odd)).toEqual({
      n: { $value: "NaN" },
      i: { $value: "Infinity" },
      m: { $value: "-Infinity" },
      f: { $value: "function" },
      s: { $value: "symbol" },
      b: { $value: "bigint" },
    });
    const classes = { d: new Date(0), t: new Float32Array(2), m: new Map(), n: new (class Mine {})() };
    expect(there(classes)).toEqual({
      d: { $value: "Date" },
      t: { $value: "Float32Array" },
      m: { $value: "Map" },
      n: { $value: "Mine" },
    });
    expect(there(Number.NaN)).toEqual({ $value: "NaN" });
  });

  it("are refused when they go round in a circle", () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(() => toJson(circle)).toThrow(expect.objectContaining({ name: "ConfigError" }));
  });
});

describe("controls", () => {
  it("are taken out, and the rest is the kernel's to judge", () => {
    const signal = new AbortController().signal;
    const onProgress = () => {};
    const [controls, run] = splitControls<{ epochs: number; lr: number }>({
      epochs: 3,
      lr: 0.1,
      signal,
      onProgress,
      log: true,
    });
    expect(controls).toEqual({ signal, onProgress, log: true });
    expect(run).toEqual({ epochs: 3, lr: 0.1 });
    expect(splitControls(undefined)).toEqual([{}, {}]);
  });

  it.each([
    [{ signal: "now" }, "signal"],
    [{ onProgress: 3 }, "onProgress"],
    [{ log: "yes" }, "log"],
    [{ checkpoint: 5 }, "checkpoint"],
    [{ checkpoint: { every: 0, to: () => {} } }, "checkpoint.every"],
    [{ checkpoint: { every: 5 } }, "checkpoint.to"],
  ])("are refused by name: %o", (options, path) => {
    expect(() => splitControls(options as never)).toThrow(expect.objectContaining({ name: "ConfigError", path }));
  });

  it.each([5, null, "fast", []])("must be an object, not %o", (options) => {
    expect(() => split(options as never, [])).toThrow(expect.objectContaining({ name: "ConfigError" }));
  });
});

describe("the runtime", () => {
  it("is what the contract says and nothing else", () => {
    const wasm = new Uint8Array(8);
    expect(checkRuntime({ workers: 2, wasm })).toEqual({ workers: 2, wasm });
    expect(checkRuntime(undefined)).toEqual({});
    for (const [runtime, path] of [
      [{ workers: 0 }, "workers"],
      [{ workers: 1.5 }, "workers"],
      [{ worker: "worker.js" }, "worker"],
      [{ wasm: "kernel.wasm" }, "wasm"],
      [{ threads: 2 }, "threads"],
    ] as const) {
      expect(() => checkRuntime(runtime as never)).toThrow(expect.objectContaining({ name: "ConfigError", path }));
    }
  });

  it("options of a flag take that flag", () => {
    expect(known<{ strict?: boolean }>({ strict: false }, { strict: "boolean" })).toEqual({ strict: false });
    expect(() => known<{ strict?: boolean }>({ strict: 1 as never }, { strict: "boolean" })).toThrow(
      /strict: expected a boolean, got 1/,
    );
    expect(() => known<{ strict?: boolean }>({ strickt: true } as never, { strict: "boolean" })).toThrow(
      expect.objectContaining({ code: "unknownOption", path: "strickt" }),
    );
  });
});
