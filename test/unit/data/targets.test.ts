// Targets and their weights: every form, and every refusal.
import { describe, expect, test } from "vitest";
import { Bundle } from "../../../ts/data/bundle.js";
import { encodeCotangent } from "../../../ts/data/cotangent.js";
import { type Described, type Encoding, encodingOf } from "../../../ts/data/encoding.js";
import { encodeSamples, encodeStream } from "../../../ts/data/samples.js";
import { encodeStep, encodeStepTarget } from "../../../ts/data/steps.js";
import type { Samples } from "../../../ts/data/values.js";
import { refusal } from "./caught.js";

type At = "last" | "every";
const values = (at: At, size: number) => encodingOf({ input: { size: 1 }, output: { at, size } });
const classes = (at: At, of: number | readonly string[]) =>
  encodingOf({ input: { size: 1 }, output: { at, classes: of } });
const x = [[1, 2], [3]];
const even = [
  [1, 2],
  [3, 4],
];
const read = (y: unknown, encoding: Encoding, more: object = {}) =>
  Bundle.read(encodeSamples({ x, y, ...more } as Samples, encoding));
const refused = (y: unknown, encoding: Encoding, more: object = {}) => refusal(() => read(y, encoding, more));
const floats = (...n: number[]) => Float32Array.from(n);
const ints = (...n: number[]) => Int32Array.from(n);
const nan = Number.NaN;
const last = 'output.at is "last": a sequence has one target';

describe("numbers at the last step", () => {
  test.each<[string, unknown]>([
    ["a list", [5, 6]],
    ["a typed array", Float64Array.of(5, 6)],
    ["lists of one", [[5], Float32Array.of(6)]],
    ["a tensor", { shape: [2], data: [5, 6] }],
    ["a tensor of rows", { shape: [2, 1], data: Int32Array.of(5, 6) }],
  ])("one, as %s", (_, y) => {
    const bundle = read(y, values("last", 1));
    expect(bundle.names).toEqual(["lengths", "x", "y"]);
    expect([bundle.shape("y"), bundle.f32("y")]).toEqual([[2, 1], floats(5, 6)]);
  });

  test.each<[string, unknown]>([
    [
      "lists",
      [
        [5, 6],
        [7, 8],
      ],
    ],
    ["typed arrays", [floats(5, 6), floats(7, 8)]],
    ["a tensor", { shape: [2, 2], data: [5, 6, 7, 8] }],
  ])("two, as %s", (_, y) => {
    const bundle = read(y, values("last", 2));
    expect([bundle.shape("y"), bundle.f32("y")]).toEqual([[2, 2], floats(5, 6, 7, 8)]);
  });

  test.each<[number, unknown, string]>([
    [1, undefined, "DataError wrongData: y: expected targets, got none"],
    [1, null, "DataError wrongData: y: expected targets, got none"],
    [1, "ab", 'ShapeError wrongShape: y: expected a list: a target for each sequence of x, got "ab"'],
    [1, [], "DataError emptyData: y: expected a target for each sequence of x, got none"],
    [1, [5], "ShapeError wrongShape: y: expected 2 targets, one for each sequence of x, got 1"],
    [1, floats(1, 2, 3), "ShapeError wrongShape: y: expected 2 targets, one for each sequence of x, got 3"],
    [1, [5, "cat"], 'DataError wrongData: y[1]: expected a number, got "cat"; labels want output.classes'],
    [1, [5, nan], "DataError notFinite: y[1]: expected a finite number, got NaN"],
    [1, [5, [nan]], "DataError notFinite: y[1][0]: expected a finite number, got NaN"],
    [1, [[1, 2], [3]], `ShapeError wrongShape: y[0]: expected 1 number, got 2; ${last}`],
    [1, { shape: [3], data: [1, 2, 3] }, "ShapeError wrongShape: y: expected a tensor of shape [2] or [2, 1], got [3]"],
    [1, { shape: [2], data: [1, nan] }, "DataError notFinite: y[1]: expected a finite number, got NaN"],
    [2, [5, 6], "ShapeError wrongShape: y[0]: expected a list of 2 numbers, got 5"],
    [2, [[5, 6], [7]], "ShapeError wrongShape: y[1]: expected 2 numbers, got 1"],
    [2, [[[5, 6]], [[7, 8]]], `ShapeError wrongShape: y[0]: expected 2 numbers, got 1; ${last}`],
    [
      2,
      [
        [5, 6],
        ["a", 8],
      ],
      'DataError wrongData: y[1][0]: expected a number, got "a"; labels want output.classes',
    ],
    [
      2,
      [
        [5, 6],
        [7, 1 / 0],
      ],
      "DataError notFinite: y[1][1]: expected a finite number, got Infinity",
    ],
    [2, { shape: [2, 2], data: [1, 2, nan, 4] }, "DataError notFinite: y[1][0]: expected a finite number, got NaN"],
    [
      2,
      { shape: [2, 2], data: [1, 2, "3", 4] },
      'DataError wrongData: y.data[2]: expected a number, got "3"; labels want output.classes',
    ],
  ])("%i: %o", (size, y, message) => expect(refused(y, values("last", size))).toBe(message));
});

describe("numbers at every step", () => {
  test.each<[string, unknown]>([
    ["lists", [[5, 6], [7]]],
    ["typed arrays", [floats(5, 6), ints(7)]],
    ["lists of one", [[[5], [6]], [[7]]]],
  ])("one, as %s", (_, y) => {
    const bundle = read(y, values("every", 1));
    expect([bundle.shape("y"), bundle.f32("y")]).toEqual([[3, 1], floats(5, 6, 7)]);
  });

  test("two", () => {
    const y = [
      [
        [1, 2],
        [3, 4],
      ],
      [floats(5, 6)],
    ];
    const bundle = read(y, values("every", 2));
    expect([bundle.shape("y"), bundle.f32("y")]).toEqual([[3, 2], floats(1, 2, 3, 4, 5, 6)]);
  });

  test("tensors, where sequences are of one length", () => {
    const data = [1, 2, 3, 4];
    for (const shape of [
      [2, 2],
      [2, 2, 1],
    ]) {
      expect(read({ shape, data }, values("every", 1), { x: even }).f32("y")).toEqual(floats(...data));
    }
    const two = { shape: [2, 2, 2], data: [...data, ...data] };
    expect(read(two, values("every", 2), { x: even }).f32("y")).toEqual(floats(...data, ...data));
  });

  const every = 'output.at is "every"';
  test.each<[unknown, string]>([
    [
      floats(1, 2),
      "ShapeError wrongShape: y: expected a list: a list of targets for each sequence of x, got a Float32Array of 2; the first axis is the batch: the targets of one sequence are [y]",
    ],
    [[], "DataError emptyData: y: expected a list of targets for each sequence of x, got none"],
    [[[5, 6]], "ShapeError wrongShape: y: expected 2 lists, one for each sequence of x, got 1"],
    [[5, 6], `ShapeError wrongShape: y[0]: expected a list of 2 targets, one for each step of x[0], got 5; ${every}`],
    [
      [[5, 6], 7],
      `ShapeError wrongShape: y[1]: expected a list of 1 target, one for each step of x[1], got 7; ${every}`,
    ],
    [[[5, 6, 7], [8]], "ShapeError wrongShape: y[0]: expected 2 targets, one for each step of x[0], got 3"],
    [[[5, 6], []], "ShapeError wrongShape: y[1]: expected 1 target, one for each step of x[1], got 0"],
    [
      ["ab", "c"],
      `ShapeError wrongShape: y[0]: expected a list of 2 targets, one for each step of x[0], got "ab"; ${every}`,
    ],
    [[[5, "b"], [7]], 'DataError wrongData: y[0][1]: expected a number, got "b"; labels want output.classes'],
    [[[5, 6], [nan]], "DataError notFinite: y[1][0]: expected a finite number, got NaN"],
    [[[5, [6, 7]], [8]], "ShapeError wrongShape: y[0][1]: expected 1 number, got 2"],
    [
      { shape: [2, 2], data: [1, 2, 3, 4] },
      "ShapeError wrongShape: y: expected a list for each sequence, since those of x differ in length, got a tensor of shape [2, 2]",
    ],
  ])("%o", (y, message) => expect(refused(y, values("every", 1))).toBe(message));

  test("tensors of another shape, or with NaN", () => {
    const encoding = values("every", 1);
    expect(refused({ shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }, encoding, { x: even })).toBe(
      "ShapeError wrongShape: y: expected a tensor of shape [2, 2] or [2, 2, 1], got [2, 3]",
    );
    expect(refused({ shape: [2, 2], data: [1, 2, 3, nan] }, encoding, { x: even })).toBe(
      "DataError notFinite: y[1][1]: expected a finite number, got NaN",
    );
    expect(refused({ shape: [2, 2, 2], data: [0, 0, 0, 0, 0, nan, 0, 0] }, values("every", 2), { x: even })).toBe(
      "DataError notFinite: y[1][0][1]: expected a finite number, got NaN",
    );
  });
});

describe("classes", () => {
  const names = ["cat", "dog", "7"];
  test.each<[string, unknown]>([
    ["indices", [0, 2]],
    ["a typed array", Uint8Array.of(0, 2)],
    ["labels", ["cat", "7"]],
    ["both", ["cat", 2]],
    ["a tensor", { shape: [2], data: [0, 2] }],
  ])("at the last step, as %s", (_, y) => {
    const bundle = read(y, classes("last", names));
    expect(bundle.names).toEqual(["lengths", "x", "classes"]);
    expect([bundle.shape("classes"), bundle.i32("classes")]).toEqual([[2], ints(0, 2)]);
  });

  test("at every step", () => {
    expect(read([["dog", 0], ["7"]], classes("every", names)).i32("classes")).toEqual(ints(1, 0, 2));
    expect(read([ints(1, 0), [2]], classes("every", 3)).i32("classes")).toEqual(ints(1, 0, 2));
    const tensor = read({ shape: [2, 2], data: [0, 1, 2, 0] }, classes("every", 3), { x: even });
    expect(tensor.i32("classes")).toEqual(ints(0, 1, 2, 0));
  });

  const hot = "for one-hot targets give the index of the 1";
  const known = 'one of "cat", "dog", "7"';
  test.each<[unknown, string]>([
    [["cat", "dogs"], `DataError unknownLabel: y[1]: expected ${known}, got "dogs"; did you mean "dog"?`],
    [["cat", "elephant"], `DataError unknownLabel: y[1]: expected ${known}, got "elephant"`],
    [
      [0, 7],
      'DataError unknownLabel: y[1]: expected a label, or a class from 0 to 2, got 7; a number is a class\'s index; the label is "7"',
    ],
    [[0, 3], "DataError unknownLabel: y[1]: expected a label, or a class from 0 to 2, got 3"],
    [[0, -1], "DataError unknownLabel: y[1]: expected a label, or a class from 0 to 2, got -1"],
    [[0, 0.5], "DataError unknownLabel: y[1]: expected a label, or a class from 0 to 2, got 0.5"],
    [[nan, 0], "DataError unknownLabel: y[0]: expected a label, or a class from 0 to 2, got NaN"],
    [[true, 0], "DataError unknownLabel: y[0]: expected a label, or a class from 0 to 2, got true"],
    [[null, 0], "DataError unknownLabel: y[0]: expected a label, or a class from 0 to 2, got null"],
    [
      [
        [0, 1, 0],
        [1, 0, 0],
      ],
      `DataError oneHotTargets: y[0]: expected a label, or a class from 0 to 2, got a list of 3 numbers; ${hot}: row.indexOf(1)`,
    ],
    [
      [0, floats(0, 0, 1)],
      `DataError oneHotTargets: y[1]: expected a label, or a class from 0 to 2, got a Float32Array of 3; ${hot}: row.indexOf(1)`,
    ],
    [[["cat", "dog"], ["dog"]], `ShapeError wrongShape: y[0]: expected one class, got a list of 2 strings; ${last}`],
    [
      { shape: [2, 3], data: [1, 0, 0, 0, 0, 1] },
      `DataError oneHotTargets: y: expected a tensor of classes, [2], got a tensor of shape [2, 3]; ${hot}`,
    ],
    [{ shape: [2, 2], data: [1, 0, 0, 0] }, "ShapeError wrongShape: y: expected a tensor of shape [2], got [2, 2]"],
    [{ shape: [2], data: [1, 9] }, "DataError unknownLabel: y[1]: expected a label, or a class from 0 to 2, got 9"],
    [["cat"], "ShapeError wrongShape: y: expected 2 targets, one for each sequence of x, got 1"],
    ["cat", 'ShapeError wrongShape: y: expected a list: a target for each sequence of x, got "cat"'],
  ])("%o", (y, message) => expect(refused(y, classes("last", names))).toBe(message));

  test.each<[unknown, string]>([
    [[["cat", "doc"], ["dog"]], `DataError unknownLabel: y[0][1]: expected ${known}, got "doc"; did you mean "dog"?`],
    [
      [
        [
          [0, 1, 0],
          [0, 0, 1],
        ],
        [[1, 0, 0]],
      ],
      `DataError oneHotTargets: y[0][0]: expected a label, or a class from 0 to 2, got a list of 3 numbers; ${hot}: row.indexOf(1)`,
    ],
    [
      ["cat", "dog"],
      'ShapeError wrongShape: y[0]: expected a list of 2 targets, one for each step of x[0], got "cat"; output.at is "every"',
    ],
    [
      { shape: [2, 2], data: [0, 0, 0, 0] },
      "ShapeError wrongShape: y: expected a list for each sequence, since those of x differ in length, got a tensor of shape [2, 2]",
    ],
  ])("at every step: %o", (y, message) => expect(refused(y, classes("every", names))).toBe(message));

  test("tensors at every step", () => {
    expect(refused({ shape: [2, 2, 3], data: Array(12).fill(0) }, classes("every", names), { x: even })).toBe(
      `DataError oneHotTargets: y: expected a tensor of classes, [2, 2], got a tensor of shape [2, 2, 3]; ${hot}`,
    );
    expect(refused({ shape: [2, 2], data: [0, 1, 2, 3] }, classes("every", names), { x: even })).toBe(
      "DataError unknownLabel: y[1][1]: expected a label, or a class from 0 to 2, got 3",
    );
  });

  test("labels where only the number of classes is known", () => {
    expect(refused([0, "cat"], classes("last", 3))).toBe(
      'DataError unknownLabel: y[1]: expected a class from 0 to 2, got "cat"; labels want output.classes to be the list of them',
    );
    expect(refused([0, 3], classes("last", 3))).toBe(
      "DataError unknownLabel: y[1]: expected a class from 0 to 2, got 3",
    );
  });

  test("many labels are not all listed", () => {
    const many = Array.from({ length: 20 }, (_, i) => `label ${String.fromCharCode(97 + i).repeat(3)}`);
    expect(refused(["label xxx", "label aaa"], classes("last", many))).toMatch(
      /expected one of "label aaa", .*"label hhh", … \(20 in all\), got "label xxx"/,
    );
  });
});

describe("next tokens", () => {
  const text = encodingOf({ input: { vocabulary: ["a", "b", "😀"] } });
  const encode = (y: unknown, encoding = text, of: unknown = ["a😀", [1]]) =>
    Bundle.read(encodeSamples({ x: of, y } as Samples, encoding));
  test("are text or tokens", () => {
    for (const y of [
      ["😀b", "a"],
      [[2, 1], [0]],
      [["😀", "b"], Uint8Array.of(0)],
    ]) {
      expect(encode(y).i32("classes")).toEqual(ints(2, 1, 0));
    }
    expect(encode([[1, 4]], encodingOf({ input: { vocabulary: 5 } }), [[0, 1]]).i32("classes")).toEqual(ints(1, 4));
  });
  test.each<[unknown, string]>([
    [undefined, "DataError wrongData: y: expected targets, got none; a text by itself is learnt from as it stands"],
    [["😀", "a"], "ShapeError wrongShape: y[0]: expected 2 targets, one for each step of x[0], got 1"],
    [["ac", "a"], 'DataError unknownLabel: y[0][1]: expected one of "a", "b", "😀", got "c"'],
    [[[0, 3], [0]], "DataError unknownLabel: y[0][1]: expected a label, or a class from 0 to 2, got 3"],
  ])("%o", (y, message) => expect(refusal(() => encode(y))).toBe(message));
  test("a text where only the number of tokens is known", () => {
    expect(refusal(() => encode(["ab"], encodingOf({ input: { vocabulary: 5 } }), [[0, 1]]))).toBe(
      'DataError wrongData: y[0]: expected tokens (numbers), got "ab"; input.vocabulary is a number: which characters the tokens are is not known',
    );
  });
});

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
