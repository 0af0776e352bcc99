// Errors as classes and as the records that cross between threads and from the kernel.
import { expect, test } from "vitest";
import {
  BusyError,
  ConfigError,
  DataError,
  DisposedError,
  DivergenceError,
  FormatError,
  fromRecord,
  MemoryError,
  RetrogradError,
  ShapeError,
  WorkerError,
} from "../../ts/errors.js";

const classes = [
  [ShapeError, "ShapeError", "wrongShape"],
  [ConfigError, "ConfigError", "wrongOption"],
  [DataError, "DataError", "wrongData"],
  [DivergenceError, "DivergenceError", "diverged"],
  [WorkerError, "WorkerError", "workerDied"],
  [MemoryError, "MemoryError", "outOfMemory"],
  [FormatError, "FormatError", "unreadableFile"],
  [BusyError, "BusyError", "busy"],
  [DisposedError, "DisposedError", "disposed"],
] as const;

test.each(classes)("%#: %s has its name and its code, and comes of a record", (of, name, code) => {
  const error = new of("what happened");
  expect(error).toBeInstanceOf(RetrogradError);
  expect(error).toMatchObject({ name, code, message: "what happened" });
  expect(error.stack).toContain(`${name}: what happened`);
  expect(Object.keys(error)).toEqual(["code"]);
  const again = fromRecord({ class: name, code, message: "what happened" });
  expect(again).toBeInstanceOf(of);
  expect(again).toMatchObject({ name, code, message: "what happened" });
});

test("an error carries what it was told", () => {
  const cause = new RangeError("deeper");
  const info = { code: "oneHotTargets", path: "y[0]", expected: "a class", received: "a list", cause };
  const error = new DataError("y[0]: …", info);
  expect(error).toMatchObject(info);
  expect(error.cause).toBe(cause);
});

test("a record of the kernel's becomes its class, with further fields as details", () => {
  const message = "training diverged at step 7: 0.weight_hh_l0 is no longer finite; try a smaller learningRate";
  const record = {
    class: "DivergenceError",
    code: "diverged",
    message,
    path: "0.weight_hh_l0",
    step: 7,
    lastLoss: 2.5,
  };
  const error = fromRecord(record) as DivergenceError;
  expect(error).toBeInstanceOf(DivergenceError);
  expect([error.step, error.lastLoss, error.tensor]).toEqual([7, 2.5, "0.weight_hh_l0"]);
  expect(error.details).toEqual({ step: 7, lastLoss: 2.5 });
  expect(error).toMatchObject({ code: "diverged", message });
});

test("a number that JSON cannot say is NaN", () => {
  const record = { class: "DivergenceError", code: "diverged", message: "", step: 1, lastLoss: null };
  expect((fromRecord(record) as DivergenceError).lastLoss).toBeNaN();
  expect(new DivergenceError("").tensor).toBe("");
});

test("memory that is not to be had is told in bytes", () => {
  const error = fromRecord({ class: "MemoryError", code: "outOfMemory", message: "", ...{ bytes: 4096 } });
  expect((error as MemoryError).bytes).toBe(4096);
});

test.each(["TimeError", "constructor", "__proto__"])(
  "a class that is not known here (%s) is a RetrogradError",
  (name) => {
    const error = fromRecord({ class: name, code: "late", message: "too late" });
    expect(error.constructor).toBe(RetrogradError);
    expect(error).toMatchObject({ name: "RetrogradError", code: "late", message: "too late" });
  },
);

test("a RetrogradError of no class has a code too", () => {
  expect(new RetrogradError("x").code).toBe("failed");
});
