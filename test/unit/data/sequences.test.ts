// Inputs of a network: every form a user may bring them in, and every refusal.
import { describe, expect, test } from "vitest";
import { Bundle } from "../../../ts/data/bundle.js";
import { type Described, encodingOf } from "../../../ts/data/encoding.js";
import { encodeInputs, encodePrompt } from "../../../ts/data/samples.js";
import type { Sequences } from "../../../ts/data/values.js";
import { refusal } from "./caught.js";

const at = "last";
const values = (size: number) => encodingOf({ input: { size }, output: { at, size: 1 } });
const tokens = (vocabulary: number | readonly string[]) => encodingOf({ input: { vocabulary } });
const read = (x: unknown, encoding = values(2)) => Bundle.read(encodeInputs(x as Sequences, encoding));
const refused = (x: unknown, encoding = values(2)) => refusal(() => read(x, encoding));
const flat = (...n: number[]) => Float32Array.from(n);

describe("numbers", () => {
  const two = [
    [
      [1, 2],
      [3, 4],
    ],
    [[5, 6]],
  ];
  test.each<[string, unknown]>([
    ["lists", two],
    ["typed rows", two.map((s) => s.map((row) => Float32Array.from(row)))],
    ["mixed", [[Float64Array.of(1, 2), Int32Array.of(3, 4)], [[5, 6]]]],
  ])("ragged, as %s", (_, x) => {
    const bundle = read(x);
    expect(bundle.metadata).toEqual({ kind: "sequences" });
    expect(bundle.names).toEqual(["lengths", "x"]);
    expect(bundle.i32("lengths")).toEqual(Int32Array.of(2, 1));
    expect(bundle.shape("x")).toEqual([3, 2]);
    expect(bundle.f32("x")).toEqual(flat(1, 2, 3, 4, 5, 6));
  });

  test.each<[string, unknown]>([
    ["numbers", [[1, 2], [3]]],
    ["typed arrays", [Float32Array.of(1, 2), Float64Array.of(3)]],
    ["bytes", [Uint8Array.of(1, 2), Int16Array.of(3)]],
    ["lists of one", [[[1], [2]], [[3]]]],
    ["both", [[1, [2]], [Float32Array.of(3)]]],
  ])("one number a step, as %s", (_, x) => {
    const bundle = read(x, values(1));
    expect(bundle.i32("lengths")).toEqual(Int32Array.of(2, 1));
    expect(bundle.shape("x")).toEqual([3, 1]);
    expect(bundle.f32("x")).toEqual(flat(1, 2, 3));
  });

  test("a tensor", () => {
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    const bundle = read({ shape: [2, 3, 2], data });
    expect(bundle.i32("lengths")).toEqual(Int32Array.of(3, 3));
    expect(bundle.f32("x")).toEqual(data);
    for (const shape of [
      [3, 4],
      [3, 4, 1],
    ]) {
      const one = read({ shape, data: [...data] }, values(1));
      expect(one.i32("lengths")).toEqual(Int32Array.of(4, 4, 4));
      expect(one.f32("x")).toEqual(data);
    }
  });

  test("long typed sequences are copied whole, and the user's buffer stays", () => {
    const long = Float64Array.from({ length: 1000 }, (_, i) => i / 8);
    const bundle = read([long, long.subarray(1)], values(1));
    expect(bundle.f32("x")).toEqual(Float32Array.from([...long, ...long.subarray(1)]));
    expect(long.length).toBe(1000);
    bundle.f32("x").fill(0);
    expect(long[8]).toBe(1);
  });

  test.each<[string, unknown, string]>([
    [
      "nothing",
      undefined,
      "ShapeError wrongShape: x: expected a list of sequences ([time][2]) or a tensor, got undefined",
    ],
    [
      "one typed array",
      flat(1, 2),
      "ShapeError wrongShape: x: expected a list of sequences ([time][2]) or a tensor, got a Float32Array of 2; the first axis is the batch: one sequence is [x]",
    ],
    [
      "one text",
      "abc",
      'ShapeError wrongShape: x: expected a list of sequences ([time][2]) or a tensor, got "abc"; the first axis is the batch: one sequence is [x]',
    ],
    ["no sequence", [], "DataError emptyData: x: expected at least one sequence, got none"],
    ["an empty sequence", [[[1, 2]], []], "DataError emptyData: x[1]: expected at least one step, got none"],
    [
      "one sequence without its list",
      [[1, 2]],
      "ShapeError wrongShape: x[0][0]: expected a list of 2 numbers, got 1; a step is a list of its own",
    ],
    [
      "numbers for sequences",
      [1, 2],
      "ShapeError wrongShape: x[0]: expected a sequence, [time][2], got 1; the first axis is the batch: one sequence is [x]",
    ],
    [
      "text for numbers",
      ["abc"],
      'ShapeError wrongShape: x[0]: expected a sequence, [time][2], got "abc"; text wants input.vocabulary',
    ],
    [
      "flat numbers",
      [flat(1, 2, 3, 4)],
      "ShapeError wrongShape: x[0]: expected a sequence, [time][2], got a Float32Array of 4; flat numbers are taken as { shape: [B, T, size], data }",
    ],
    ["a hole", [[[1, 2]], undefined], "ShapeError wrongShape: x[1]: expected a sequence, [time][2], got undefined"],
    [
      "a step of another size",
      [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [1, 2, 3],
        ],
      ],
      "ShapeError wrongShape: x[1][1]: expected 2 numbers, got 3",
    ],
    ["a typed step of another size", [[flat(1)]], "ShapeError wrongShape: x[0][0]: expected 2 numbers, got 1"],
    ["a step that is null", [[[1, 2], null]], "ShapeError wrongShape: x[0][1]: expected a list of 2 numbers, got null"],
    ["a word", [[[1, "2"]]], 'DataError wrongData: x[0][0][1]: expected a number, got "2"'],
    ["null", [[[null, 2]]], "DataError wrongData: x[0][0][0]: expected a number, got null"],
    ["true", [[[1, true]]], "DataError wrongData: x[0][0][1]: expected a number, got true"],
    ["lists too deep", [[[[1], [2]]]], "DataError wrongData: x[0][0][0]: expected a number, got a list of 1 number"],
    [
      "NaN",
      [
        [[1, 2]],
        [
          [3, 4],
          [5, Number.NaN],
        ],
      ],
      "DataError notFinite: x[1][1][1]: expected a finite number, got NaN",
    ],
    [
      "infinity",
      [
        [
          [1, 2],
          [-1 / 0, 0],
        ],
      ],
      "DataError notFinite: x[0][1][0]: expected a finite number, got -Infinity",
    ],
    [
      "what 32 bits do not hold",
      [[[1, 1e39]]],
      "DataError notFinite: x[0][0][1]: expected a number that fits 32 bits (up to 3.4e38), got 1e+39",
    ],
    [
      "a tensor of two axes",
      { shape: [2, 2], data: [1, 2, 3, 4] },
      "ShapeError wrongShape: x: expected a tensor of shape [B, T, 2], got [2, 2]",
    ],
    [
      "a tensor of another size",
      { shape: [1, 1, 3], data: [1, 2, 3] },
      "ShapeError wrongShape: x: expected a tensor of shape [B, T, 2], got [1, 1, 3]",
    ],
    [
      "a tensor that is not full",
      { shape: [2, 1, 2], data: [1, 2] },
      "ShapeError wrongShape: x.data: expected 4 numbers (shape [2, 1, 2]), got 2",
    ],
    [
      "a tensor of no sequence",
      { shape: [0, 3, 2], data: [] },
      "DataError emptyData: x: expected at least one sequence, got none",
    ],
    [
      "a tensor of no step",
      { shape: [3, 0, 2], data: [] },
      "DataError emptyData: x: expected at least one step, got none",
    ],
    [
      "a tensor with a word",
      { shape: [1, 1, 2], data: [1, "2"] },
      'DataError wrongData: x.data[1]: expected a number, got "2"',
    ],
    [
      "a tensor with NaN",
      { shape: [2, 3, 2], data: [...Array(9).fill(0), Number.NaN, 0, 0] },
      "DataError notFinite: x[1][1][1]: expected a finite number, got NaN",
    ],
  ])("%s", (_, x, message) => expect(refused(x)).toBe(message));

  test.each<[string, unknown, string]>([
    ["NaN", [[1], [2, Number.NaN]], "DataError notFinite: x[1][1]: expected a finite number, got NaN"],
    [
      "NaN in a long typed array",
      [new Float64Array(100).fill(Number.NaN, 99)],
      "DataError notFinite: x[0][99]: expected a finite number, got NaN",
    ],
    ["NaN in a list of one", [[1, [Number.NaN]]], "DataError notFinite: x[0][1][0]: expected a finite number, got NaN"],
    ["a word", [[1, "a"]], 'DataError wrongData: x[0][1]: expected a number, got "a"'],
    ["two numbers", [[1, [2, 3]]], "ShapeError wrongShape: x[0][1]: expected 1 number, got 2"],
    [
      "a hole in a list",
      [new Array(2).fill(1, 0, 1)],
      "DataError wrongData: x[0][1]: expected a number, got undefined",
    ],
    [
      "one sequence",
      [1, 2, 3],
      "ShapeError wrongShape: x[0]: expected a sequence, [time], got 1; the first axis is the batch: one sequence is [x]",
    ],
    [
      "a tensor of one axis",
      { shape: [3], data: [1, 2, 3] },
      "ShapeError wrongShape: x: expected a tensor of shape [B, T] or [B, T, 1], got [3]",
    ],
    [
      "a tensor with NaN",
      { shape: [2, 2], data: [1, 2, 3, Number.NaN] },
      "DataError notFinite: x[1][1]: expected a finite number, got NaN",
    ],
  ])("one number a step: %s", (_, x, message) => expect(refused(x, values(1))).toBe(message));
});

describe("tokens", () => {
  test("numbers and tensors", () => {
    for (const x of [
      [[0, 3], [9]],
      [Int32Array.of(0, 3), Uint8Array.of(9)],
    ]) {
      const bundle = read(x, tokens(10));
      expect(bundle.i32("lengths")).toEqual(Int32Array.of(2, 1));
      expect(bundle.tokens("tokens")).toEqual(Uint8Array.of(0, 3, 9));
    }
    const tensor = read({ shape: [2, 2], data: [0, 3, 9, 1] }, tokens(10));
    expect(tensor.i32("lengths")).toEqual(Int32Array.of(2, 2));
    expect(tensor.tokens("tokens")).toEqual(Uint8Array.of(0, 3, 9, 1));
  });

  test("as narrow as the vocabulary allows", () => {
    const type = (size: number) => read([[size - 1]], tokens(size)).tokens("tokens");
    expect([256, 257, 65536, 65537].map(type)).toEqual([
      Uint8Array.of(255),
      Uint16Array.of(256),
      Uint16Array.of(65535),
      Uint32Array.of(65536),
    ]);
  });

  test("text, a token for each code point; text and tokens side by side", () => {
    const bundle = read(["a😀b", [1, 0], "b"], tokens(["b", "😀", "a"]));
    expect(bundle.i32("lengths")).toEqual(Int32Array.of(3, 2, 1));
    expect(bundle.tokens("tokens")).toEqual(Uint8Array.of(2, 1, 0, 1, 0, 0));
  });

  const abc = tokens(["a", "b", "c"]);
  test.each<[string, unknown, string]>([
    [
      "text without its list",
      "abc",
      'ShapeError wrongShape: x: expected a list of sequences (text or tokens) or a tensor, got "abc"; the first axis is the batch: one sequence is [x]',
    ],
    [
      "tokens without their list",
      [1, 2],
      "ShapeError wrongShape: x[0]: expected a sequence: text or a list of tokens, got 1; the first axis is the batch: one sequence is [x]",
    ],
    ["an empty text", ["a", ""], "DataError emptyData: x[1]: expected at least one step, got none"],
    ["an unknown character", ["ab", "bad"], 'DataError unknownToken: x[1][2]: expected one of "a", "b", "c", got "d"'],
    [
      "an unknown one after a long one",
      ["😀"],
      'DataError unknownToken: x[0][0]: expected one of "a", "b", "c", got "😀"',
    ],
    ["half a pair", ["a\ud83d"], 'DataError unknownToken: x[0][1]: expected one of "a", "b", "c", got "\\ud83d"'],
    ["an unknown token", [[0], [1, 3]], "DataError unknownToken: x[1][1]: expected a token from 0 to 2, got 3"],
    ["a negative token", [[-1]], "DataError unknownToken: x[0][0]: expected a token from 0 to 2, got -1"],
    ["half a token", [flat(0.5)], "DataError unknownToken: x[0][0]: expected a token from 0 to 2, got 0.5"],
    ["NaN", [[Number.NaN]], "DataError unknownToken: x[0][0]: expected a token from 0 to 2, got NaN"],
    ["null", [[null]], "DataError unknownToken: x[0][0]: expected a token from 0 to 2, got null"],
    ["characters in a list", [["a", "b"]], 'DataError unknownToken: x[0][0]: expected a token from 0 to 2, got "a"'],
    [
      "one-hot rows",
      [[[1, 0, 0]]],
      "DataError unknownToken: x[0][0]: expected a token from 0 to 2, got a list of 3 numbers; tokens are [time]; one-hot rows want input.size",
    ],
    [
      "a tensor of three axes",
      { shape: [1, 1, 3], data: [1, 0, 0] },
      "ShapeError wrongShape: x: expected a tensor of shape [B, T], got [1, 1, 3]",
    ],
    [
      "a tensor with an unknown token",
      { shape: [2, 2], data: [0, 1, 2, 3] },
      "DataError unknownToken: x[1][1]: expected a token from 0 to 2, got 3",
    ],
    [
      "a date",
      [new Date(0)],
      "ShapeError wrongShape: x[0]: expected a sequence: text or a list of tokens, got 1970-01-01T00:00:00.000Z",
    ],
  ])("%s", (_, x, message) => expect(refused(x, abc)).toBe(message));

  test("text where only the number of tokens is known", () => {
    expect(refused([[1], "ab"], tokens(3))).toBe(
      'DataError wrongData: x[1]: expected tokens (numbers), got "ab"; input.vocabulary is a number: which characters the tokens are is not known',
    );
  });
});

test("models that read no sequences", () => {
  const open = encodingOf({ input: { vocabulary: "characters" } });
  expect(refused(["a"], open)).toBe(
    "ConfigError notFitted: the model's vocabulary is found by the first fit; call fit first",
  );
  const series: Described = { input: { series: { target: ["a"], horizon: 1 } }, output: { at, size: 1 } };
  expect(refused([[1]], encodingOf(series))).toBe("ConfigError wantsTable: a model of a series reads a table");
});

describe("initial states", () => {
  const state = (h: unknown, c?: unknown) => [c === undefined ? { h } : { h, c }];
  const encode = (initialState: unknown, x: Sequences = [[[1, 2]], [[3, 4]]]) =>
    Bundle.read(encodeInputs(x, values(2), initialState as []));
  const h = { shape: [1, 2, 3], data: [1, 2, 3, 4, 5, 6] };

  test("go along, one for each layer", () => {
    const bundle = encode([{ h, c: { ...h, data: Float32Array.from(h.data) } }, { h }]);
    expect(bundle.names).toEqual(["lengths", "x", "state.0.h", "state.0.c", "state.1.h"]);
    expect(bundle.shape("state.0.c")).toEqual([1, 2, 3]);
    expect(bundle.f32("state.1.h")).toEqual(Float32Array.from(h.data));
    expect(encode(undefined).names).toEqual(["lengths", "x"]);
    expect(encode([]).names).toEqual(["lengths", "x"]);
  });

  test.each<[unknown, string]>([
    [{ h }, "DataError wrongData: initialState: expected a list of states, got an object"],
    [[h], "DataError wrongData: initialState[0]: expected a state { h } or { h, c }, got a tensor of shape [1, 2, 3]"],
    [[null], "DataError wrongData: initialState[0]: expected a state { h } or { h, c }, got null"],
    [
      state([1, 2]),
      "DataError wrongData: initialState[0].h: expected a tensor { shape, data }, got a list of 2 numbers",
    ],
    [
      state({ shape: [2, 3], data: h.data }),
      "ShapeError wrongShape: initialState[0].h: expected a tensor of shape [levels, 2, hiddenSize], got [2, 3]",
    ],
    [
      state(h, { shape: [1, 3, 2], data: h.data }),
      "ShapeError wrongShape: initialState[0].c: expected a tensor of shape [levels, 2, hiddenSize], got [1, 3, 2]",
    ],
    [
      state({ ...h, data: [1, 2, 3, 4, 5, Number.NaN] }),
      "DataError notFinite: initialState[0].h.data[5]: expected a finite number, got NaN",
    ],
    [
      state({ ...h, data: [1, 2, "3", 4, 5, 6] }),
      'DataError wrongData: initialState[0].h.data[2]: expected a number, got "3"',
    ],
  ])("%o", (initial, message) => expect(refusal(() => encode(initial))).toBe(message));
});

describe("a prompt", () => {
  const prompt = (text: unknown, state?: unknown) =>
    Bundle.read(encodePrompt(text as string, tokens(["a", "b"]), state as []));
  test("is one sequence", () => {
    const bundle = prompt("abba", [{ h: { shape: [1, 1, 2], data: [1, 2] } }]);
    expect(bundle.i32("lengths")).toEqual(Int32Array.of(4));
    expect(bundle.tokens("tokens")).toEqual(Uint8Array.of(0, 1, 1, 0));
    expect(bundle.f32("state.0.h")).toEqual(flat(1, 2));
    expect(prompt([1, 0]).tokens("tokens")).toEqual(Uint8Array.of(1, 0));
  });
  test.each<[unknown, unknown, string]>([
    ["", undefined, "DataError emptyData: prompt: expected at least one step, got none"],
    ["abc", undefined, 'DataError unknownToken: prompt[2]: expected one of "a", "b", got "c"'],
    [[0, 2], undefined, "DataError unknownToken: prompt[1]: expected a token from 0 to 1, got 2"],
    [7, undefined, "ShapeError wrongShape: prompt: expected a sequence: text or a list of tokens, got 7"],
    [
      "a",
      [{ h: { shape: [1, 2, 1], data: [1, 2] } }],
      "ShapeError wrongShape: state[0].h: expected a tensor of shape [levels, 1, hiddenSize], got [1, 2, 1]",
    ],
  ])("%o", (text, state, message) => expect(refusal(() => prompt(text, state))).toBe(message));
});
