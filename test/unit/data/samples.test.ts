// Samples as a whole: weights, names, gradients in place of targets.
import { describe, expect, test } from "vitest";
import { Bundle } from "../../../ts/data/bundle.js";
import { encodeCotangent } from "../../../ts/data/cotangent.js";
import { type Described, encodingOf } from "../../../ts/data/encoding.js";
import { encodeSamples } from "../../../ts/data/samples.js";
import type { Samples } from "../../../ts/data/values.js";
import { refusal } from "./caught.js";
import { type At, classes, floats, ints, last, nan, read, refused, values, x } from "./models.js";

describe("weights", () => {
  const weigh = (sampleWeight: unknown, at: At = "last", y: unknown = at === "last" ? [5, 6] : [[5, 6], [7]]) =>
    read(y, values(at, 1), { sampleWeight });

  test("one for each sequence, or one for each step", () => {
    expect(weigh([0.5, 2]).f32("weight")).toEqual(floats(0.5, 2));
    expect(weigh(Float64Array.of(0.5, 2)).f32("weight")).toEqual(floats(0.5, 2));
    expect(weigh([0.5, 2], "every").f32("weight")).toEqual(floats(0.5, 0.5, 2));
    expect(weigh([[0.5, 1], 2], "every").f32("weight")).toEqual(floats(0.5, 1, 2));
    expect(weigh([floats(0.5, 1), [2]], "every").f32("weight")).toEqual(floats(0.5, 1, 2));
  });

  test("a target of weight 0 may be anything", () => {
    expect(weigh([0, 1], "last", [nan, 6]).f32("y")).toEqual(floats(0, 6));
    expect(weigh([0, 1], "last", [null, 6]).f32("y")).toEqual(floats(0, 6));
    expect(weigh([[0, 1], [1]], "every", [["?", 6], [7]]).f32("y")).toEqual(floats(0, 6, 7));
    expect(weigh([0, 1], "last", { shape: [2], data: [nan, 6] }).f32("y")).toEqual(floats(0, 6));
    expect(read([null, 1], classes("last", 2), { sampleWeight: [0, 1] }).i32("classes")).toEqual(ints(-1, 1));
    expect(
      read([["?", "b"], ["a"]], classes("every", ["a", "b"]), { sampleWeight: [[0, 1], 1] }).i32("classes"),
    ).toEqual(ints(-1, 1, 0));
    expect(refused([nan, 1], classes("last", 2), { sampleWeight: [1, 0] })).toMatch(/^DataError unknownLabel: y\[0\]/);
  });

  test.each<[At, unknown, string]>([
    ["last", 1, "DataError wrongData: sampleWeight: expected a list: a number for each sequence, got 1"],
    ["last", [1], "ShapeError wrongShape: sampleWeight: expected 2 weights, one for each sequence of x, got 1"],
    ["last", [1, -1], "DataError wrongData: sampleWeight[1]: expected a number from 0, got -1"],
    ["last", [1, nan], "DataError notFinite: sampleWeight[1]: expected a finite number, got NaN"],
    ["last", [1, 1 / 0], "DataError notFinite: sampleWeight[1]: expected a finite number, got Infinity"],
    [
      "last",
      [1, 1e39],
      "DataError notFinite: sampleWeight[1]: expected a number that fits 32 bits (up to 3.4e38), got 1e+39",
    ],
    ["last", [1, "1"], 'DataError wrongData: sampleWeight[1]: expected a number, got "1"'],
    ["last", [1, [1]], `DataError wrongData: sampleWeight[1]: expected a number, got a list of 1 number; ${last}`],
    ["last", [0, 0], "DataError wrongData: sampleWeight: expected at least one weight above 0, got none"],
    [
      "every",
      1,
      "DataError wrongData: sampleWeight: expected a list: a number or a list of them for each sequence, got 1",
    ],
    [
      "every",
      [[1], [1]],
      "ShapeError wrongShape: sampleWeight[0]: expected 2 weights, one for each step of x[0], got 1",
    ],
    ["every", [[1, -2], [1]], "DataError wrongData: sampleWeight[0][1]: expected a number from 0, got -2"],
    ["every", [[1, 2], [nan]], "DataError notFinite: sampleWeight[1][0]: expected a finite number, got NaN"],
    ["every", [[1, null], [1]], "DataError wrongData: sampleWeight[0][1]: expected a number from 0, got null"],
    ["every", [1, "a"], 'DataError wrongData: sampleWeight[1]: expected a number or a list of them, got "a"'],
  ])("%s: %o", (at, weights, message) => expect(refusal(() => weigh(weights, at))).toBe(message));
});

describe("samples", () => {
  test("hold nothing that is not read", () => {
    expect(refused([5, 6], values("last", 1), { sampleWeights: [1, 1] })).toBe(
      'ConfigError unknownOption: data.sampleWeights: unknown field; did you mean "sampleWeight"?',
    );
    expect(refused([5, 6], values("last", 1), { batch: 3 })).toBe(
      "ConfigError unknownOption: data.batch: unknown field; known are x, y, sampleWeight, initialState",
    );
    expect(refusal(() => encodeSamples(null as unknown as Samples, values("last", 1)))).toBe(
      "DataError wrongData: data: expected an object { x, y, sampleWeight, initialState }, got null",
    );
  });

  test("are called by their argument's name", () => {
    const bad = (more: object) =>
      refusal(() => encodeSamples({ x, y: [5, 6], ...more } as Samples, values("last", 1), "validationData."));
    expect(bad({ x: [[1], [nan]] })).toMatch("validationData.x[1][0]: expected a finite number, got NaN");
    expect(bad({ y: [5] })).toMatch("validationData.y: expected 2 targets");
    expect(bad({ sampleWeight: [5] })).toMatch("validationData.sampleWeight: expected 2 weights");
    expect(bad({ initialState: 5 })).toMatch("validationData.initialState: expected a list of states");
    expect(bad({ z: 5 })).toMatch("validationData.z: unknown field");
  });

  test("all at once", () => {
    const state = [{ h: { shape: [1, 2, 1], data: [1, 2] }, c: { shape: [1, 2, 1], data: [3, 4] } }];
    const bundle = read([5, 6], values("last", 1), { sampleWeight: [1, 2], initialState: state });
    expect(bundle.names).toEqual(["lengths", "x", "y", "weight", "state.0.h", "state.0.c"]);
  });
});

describe("an own gradient of the output", () => {
  const encode = (shape: number[], data: unknown, described: Described, of: unknown = x) =>
    Bundle.read(
      encodeCotangent(
        { x: of as number[][], outputGradient: { shape, data: data as number[] } },
        encodingOf(described),
      ),
    );
  const one = { size: 1 };
  test("at the last step, and at every one: what lies past the end is not looked at", () => {
    const atLast = encode([2, 2], [1, 2, 3, 4], { input: one, output: { at: "last", size: 2 } });
    expect([atLast.shape("outputGradient"), atLast.f32("outputGradient")]).toEqual([[2, 2], floats(1, 2, 3, 4)]);
    const every = encode([2, 2, 2], [1, 2, 3, 4, 5, 6, nan, nan], { input: one, output: { at: "every", classes: 2 } });
    expect([every.shape("outputGradient"), every.f32("outputGradient")]).toEqual([[3, 2], floats(1, 2, 3, 4, 5, 6)]);
    const next = encode([1, 2, 3], floats(1, 2, 3, 4, 5, 6), { input: { vocabulary: ["a", "b", "c"] } }, ["ab"]);
    expect(next.names).toEqual(["lengths", "outputGradient", "tokens"]);
    expect(next.f32("outputGradient")).toEqual(floats(1, 2, 3, 4, 5, 6));
  });
  test.each<[number[], unknown, At, string]>([
    [
      [2, 3],
      Array(6).fill(0),
      "last",
      "ShapeError wrongShape: outputGradient: expected a tensor of shape [2, 2], got [2, 3]",
    ],
    [
      [3, 2],
      Array(6).fill(0),
      "every",
      "ShapeError wrongShape: outputGradient: expected a tensor of shape [2, 2, 2], got [3, 2]",
    ],
    [[2, 2], [1, 2, 3, nan], "last", "DataError notFinite: outputGradient[1][1]: expected a finite number, got NaN"],
    [[2, 2], [1, 2, "3", 4], "last", 'DataError wrongData: outputGradient[1][0]: expected a number, got "3"'],
    [
      [2, 2, 2],
      [1, 2, 3, 4, 5, 1 / 0, 7, 8],
      "every",
      "DataError notFinite: outputGradient[1][0][1]: expected a finite number, got Infinity",
    ],
  ])("%o %o %s", (shape, data, at, message) =>
    expect(refusal(() => encode(shape, data, { input: one, output: { at, size: 2 } }))).toBe(message),
  );
});
