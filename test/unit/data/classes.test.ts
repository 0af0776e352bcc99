// Targets that are classes or next tokens: every form, and every refusal.
import { describe, expect, test } from "vitest";
import { Bundle } from "../../../ts/data/bundle.js";
import { encodingOf } from "../../../ts/data/encoding.js";
import { encodeSamples } from "../../../ts/data/samples.js";
import type { Samples } from "../../../ts/data/values.js";
import { refusal } from "./caught.js";
import { classes, even, floats, ints, last, nan, read, refused } from "./models.js";

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
