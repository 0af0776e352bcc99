// What messages are made of: shown values, hints, and what a description says about data.
import { expect, test } from "vitest";
import { encodingOf, outputWidth } from "../../../ts/data/encoding.js";
import { didYouMean } from "../../../ts/data/hint.js";
import { Labels } from "../../../ts/data/labels.js";
import { show } from "../../../ts/data/refuse.js";
import { tensor } from "../../../ts/data/tensor.js";

test.each<[unknown, string]>([
  ["a", '"a"'],
  ["x".repeat(40), `"${"x".repeat(40)}"`],
  ["x".repeat(41), `"${"x".repeat(40)}…"`],
  ["😀".repeat(50), `"${"😀".repeat(40)}…"`],
  ['"\n', '"\\"\\n"'],
  [1.5, "1.5"],
  [Number.NaN, "NaN"],
  [true, "true"],
  [null, "null"],
  [undefined, "undefined"],
  [5n, "the bigint 5n"],
  [Symbol("s"), "a symbol"],
  [() => 1, "a function"],
  [[], "an empty list"],
  [[1], "a list of 1 number"],
  [[1, 2], "a list of 2 numbers"],
  [["a", "b"], "a list of 2 strings"],
  [[[1], [2]], "a list of 2 items"],
  [new Float32Array(3), "a Float32Array of 3"],
  [new DataView(new ArrayBuffer(2)), "a DataView"],
  [{}, "an object"],
  [Object.create(null), "an object"],
  [new Map(), "a Map"],
  [new Date(0), "1970-01-01T00:00:00.000Z"],
  [new Date(Number.NaN), "an invalid date"],
  [{ shape: [1, 2], data: [] }, "a tensor of shape [1, 2]"],
  [{ shape: ["a", null] }, 'a tensor of shape ["a", null]'],
])("%o is shown as %s", (value, shown) => expect(show(value)).toBe(shown));

test.each<[string, string[], string | undefined]>([
  ["sample_weight", ["x", "y", "sampleWeight"], "sampleWeight"],
  ["Orders", ["orders", "order id"], "orders"],
  ["ordres", ["visits", "orders"], "orders"],
  ["order", ["orders", "order id"], "orders"],
  ["visits", ["orders", "price"], undefined],
  ["x", ["y"], undefined],
  ["y", [], undefined],
  ["", ["abc"], undefined],
])("%s among %o: %s", (given, known, meant) => {
  expect(didYouMean(given, known)).toBe(meant && `did you mean "${meant}"?`);
});

test("what a description says about its data", () => {
  const values = encodingOf({ input: { size: 3 }, output: { at: "every", size: 2 } });
  expect(values).toEqual({ input: { kind: "values", size: 3 }, output: { kind: "values", at: "every", size: 2 } });
  expect(outputWidth(values)).toBe(2);

  const classes = encodingOf({
    input: { vocabulary: ["a", "b", "c"] },
    output: { at: "last", classes: ["no", "yes"] },
  });
  expect([classes.input.kind, classes.output.kind, classes.output.at]).toEqual(["tokens", "classes", "last"]);
  expect(outputWidth(classes)).toBe(2);

  const next = encodingOf({ input: { vocabulary: ["a", "b", "c"] } });
  expect([next.output.kind, next.output.at, outputWidth(next)]).toEqual(["nextToken", "every", 3]);

  const open = encodingOf({ input: { vocabulary: "characters" } });
  expect([open.input.kind, open.output.kind, outputWidth(open)]).toEqual(["open", "nextToken", 0]);
});

test("labels of predicted classes", () => {
  expect(new Labels(["no", "yes"]).names(Int32Array.of(1, 0, -1))).toEqual(["yes", "no", ""]);
  expect(new Labels(3).names([2, -1])).toEqual(["2", ""]);
});

test("a tensor's lists", () => {
  const data = Float32Array.from({ length: 12 }, (_, i) => i);
  expect(tensor([2, 3, 2], data).toArray()).toEqual([
    [
      [0, 1],
      [2, 3],
      [4, 5],
    ],
    [
      [6, 7],
      [8, 9],
      [10, 11],
    ],
  ]);
  expect(tensor([12], data).toArray()).toEqual([...data]);
  expect(tensor([2, 0, 3], new Float32Array(0)).toArray()).toEqual([[], []]);
  expect(tensor([], Float32Array.of(5)).toArray()).toEqual([5]);
});
