// What a learner reads: a stream, and one step of it.
import { describe, expect, test } from "vitest";
import { Bundle } from "../../../ts/data/bundle.js";
import { type Encoding, encodingOf } from "../../../ts/data/encoding.js";
import { encodeStream } from "../../../ts/data/samples.js";
import { encodeStep, encodeStepTarget } from "../../../ts/data/steps.js";
import { refusal } from "./caught.js";
import { classes, floats, ints, nan, values } from "./models.js";

describe("a learner's stream", () => {
  const stream = (of: unknown, y: unknown, encoding: Encoding) =>
    Bundle.read(encodeStream(of as number[], y as number[], encoding));
  test("is one sequence with a target at every step", () => {
    const bundle = stream([1, 2, 3], [4, 5, 6], values("last", 1));
    expect(bundle.i32("lengths")).toEqual(ints(3));
    expect([bundle.f32("x"), bundle.f32("y"), bundle.shape("y")]).toEqual([floats(1, 2, 3), floats(4, 5, 6), [3, 1]]);
    const tensor = stream(floats(1, 2), { shape: [2, 2], data: [1, 2, 3, 4] }, values("every", 2));
    expect(tensor.f32("y")).toEqual(floats(1, 2, 3, 4));
    expect(stream([1, 2], ["b", "a"], classes("last", ["a", "b"])).i32("classes")).toEqual(ints(1, 0));
    expect(stream("ab", "ba", encodingOf({ input: { vocabulary: ["a", "b"] } })).i32("classes")).toEqual(ints(1, 0));
  });
  test.each<[unknown, unknown, string]>([
    [[1, nan], [1, 2], "DataError notFinite: x[1]: expected a finite number, got NaN"],
    [[1, 2], [1], "ShapeError wrongShape: y: expected 2 targets, one for each step of x, got 1"],
    [[1, 2], [1, nan], "DataError notFinite: y[1]: expected a finite number, got NaN"],
    [[1, 2], { shape: [2], data: [1, nan] }, "DataError notFinite: y[1]: expected a finite number, got NaN"],
    [[1, 2], { shape: 2, data: [] }, "ShapeError wrongShape: y.shape: expected a list of sizes, got 2"],
    [[1, 2], undefined, "DataError wrongData: y: expected targets, got none"],
    [5, [1], "ShapeError wrongShape: x: expected a sequence, [time], got 5"],
  ])("%o %o", (of, y, message) => expect(refusal(() => stream(of, y, values("every", 1)))).toBe(message));
});

describe("a learner's step", () => {
  const two = encodingOf({ input: { size: 2 }, output: { at: "every", size: 2 } });
  const text = encodingOf({ input: { vocabulary: ["a", "b"] } });
  test("is numbers, a token, a class", () => {
    expect(encodeStep([1, 2], two)).toEqual(floats(1, 2));
    expect(encodeStep(Float64Array.of(1, 2), two)).toEqual(floats(1, 2));
    expect(encodeStep(5, values("every", 1))).toEqual(floats(5));
    expect(encodeStep([5], values("every", 1))).toEqual(floats(5));
    expect(encodeStep(1, text)).toEqual(floats(1));
    expect(encodeStep("b", text)).toEqual(floats(1));
    expect(encodeStepTarget([3, 4], two)).toEqual(floats(3, 4));
    expect(encodeStepTarget("a", text)).toEqual(floats(0));
    expect(encodeStepTarget(2, classes("every", 3))).toEqual(floats(2));
  });
  test.each<[() => unknown, string]>([
    [() => encodeStep(5, two), "ShapeError wrongShape: x: expected a list of 2 numbers, got 5"],
    [() => encodeStep([1, 2, 3], two), "ShapeError wrongShape: x: expected 2 numbers, got 3"],
    [() => encodeStep([1, "2"], two), 'DataError wrongData: x[1]: expected a number, got "2"'],
    [() => encodeStep([1, nan], two), "DataError notFinite: x[1]: expected a finite number, got NaN"],
    [() => encodeStep(nan, values("every", 1)), "DataError notFinite: x: expected a finite number, got NaN"],
    [() => encodeStep("5", values("every", 1)), 'ShapeError wrongShape: x: expected a number, got "5"'],
    [() => encodeStep(2, text), "DataError unknownToken: x: expected a token from 0 to 1, got 2"],
    [() => encodeStep("ab", text), 'DataError unknownToken: x: expected a token from 0 to 1, got "ab"'],
    [() => encodeStep("c", text), 'DataError unknownToken: x: expected one of "a", "b", got "c"'],
    [
      () => encodeStep("a", encodingOf({ input: { vocabulary: 2 } })),
      'DataError wrongData: x: expected tokens (numbers), got "a"; input.vocabulary is a number: which characters the tokens are is not known',
    ],
    [
      () => encodeStep("a", encodingOf({ input: { vocabulary: "characters" } })),
      "ConfigError notFitted: the model's vocabulary is found by the first fit; call fit first",
    ],
    [
      () => encodeStepTarget("a", encodingOf({ input: { vocabulary: "characters" } })),
      "ConfigError notFitted: the model's vocabulary is found by the first fit; call fit first",
    ],
    [() => encodeStepTarget([1], two), "ShapeError wrongShape: y: expected 2 numbers, got 1"],
    [() => encodeStepTarget(3, classes("every", 3)), "DataError unknownLabel: y: expected a class from 0 to 2, got 3"],
    [
      () => encodeStepTarget([0, 1, 0], classes("every", 3)),
      "DataError oneHotTargets: y: expected a class from 0 to 2, got a list of 3 numbers; for one-hot targets give the index of the 1: row.indexOf(1)",
    ],
  ])("%o", (call, message) => expect(refusal(call)).toBe(message));
});
