// Targets that are numbers: every form, and every refusal.
import { describe, expect, test } from "vitest";
import { even, floats, ints, last, nan, read, refused, values } from "./models.js";

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
