// Targets of losses beside plain numbers and classes: labels of whole sequences, probabilities, an index that stands for none.
import { describe, expect, test } from "vitest";
import { encodingOf, outputWidth } from "../../../ts/data/encoding.js";
import { encodeStepTarget } from "../../../ts/data/steps.js";
import type { Numbers } from "../../../ts/data/values.js";
import { floats, ints, read, refused } from "./models.js";

const of = (classes: number | readonly string[], loss: Parameters<typeof encodingOf>[0]["loss"] & object) =>
  encodingOf({ input: { size: 1 }, output: { at: "every", classes }, loss });
const ctc = of(["-", "a", "b"], { kind: "ctc" });

describe("labels of whole sequences", () => {
  test.each<[string, unknown]>([
    ["labels", [["a", "b"], ["b"]]],
    ["indices", [[1, 2], ints(2)]],
    ["text", ["ab", "b"]],
  ])("as %s", (_, y) => {
    const bundle = read(y, ctc);
    expect(bundle.names).toEqual(["lengths", "x", "labels", "labelLengths"]);
    expect([bundle.i32("labels"), bundle.i32("labelLengths")]).toEqual([ints(1, 2, 2), ints(2, 1)]);
  });

  test("may be none; whatever a sequence of weight 0 has is passed over", () => {
    const bundle = read([[], "what"], ctc, { sampleWeight: [2, 0] });
    expect([bundle.i32("labels"), bundle.i32("labelLengths")]).toEqual([ints(), ints(0, 0)]);
    expect(bundle.f32("weight")).toEqual(floats(2, 0));
  });

  test("have one weight, not one for each step, and the refusal says why", () => {
    expect(refused([["a"], ["b"]], ctc, { sampleWeight: [[1, 1], [1]] })).toBe(
      "DataError wrongData: sampleWeight[0]: expected a number, got a list of 2 numbers; " +
        'the loss is "ctc": the labels of a sequence are one target',
    );
  });

  test.each<[unknown, string]>([
    [[["a"]], "ShapeError wrongShape: y: expected 2 targets, one for each sequence of x, got 1"],
    [
      [["a"], 1],
      'ShapeError wrongShape: y[1]: expected a list of labels, got 1; with "ctc" a target is the list of labels of a sequence',
    ],
    [[["a"], ["b", "c"]], 'DataError unknownLabel: y[1][1]: expected one of "-", "a", "b", got "c"'],
    [[["a"], [3]], "DataError unknownLabel: y[1][0]: expected a label, or a class from 0 to 2, got 3"],
    [[["a"], ["b", "-"]], 'DataError blankLabel: y[1][1]: expected a label that is not the blank, class 0, got "-"'],
    [["a-", ["b"]], 'DataError blankLabel: y[0][1]: expected a label that is not the blank, class 0, got "-"'],
    [[["a"], ints(0)], "DataError blankLabel: y[1][0]: expected a label that is not the blank, class 0, got 0"],
    [undefined, "DataError wrongData: y: expected targets, got none"],
  ])("%j is refused", (y, expected) => {
    expect(refused(y, ctc)).toBe(expected);
  });

  test("have the blank where the loss has it", () => {
    const last = of(["a", "b", "-"], { kind: "ctc", blank: 2 });
    expect(read(["ab", "b"], last).i32("labels")).toEqual(ints(0, 1, 1));
    expect(refused(["ab", "-"], last)).toMatch(/^DataError blankLabel: y\[1\]\[0\]: .*class 2, got "-"$/);
  });
});

describe("probabilities", () => {
  const y = [
    [
      [0.25, 0.75],
      [1, 0],
    ],
    [[0.5, 0.5]],
  ];

  test.each([{ kind: "klDivergence" }, { kind: "crossEntropy", targets: "probabilities" }])("of %j", (loss) => {
    const bundle = read(y, of(["no", "yes"], loss));
    expect([bundle.shape("y"), bundle.f32("y")]).toEqual([[3, 2], floats(0.25, 0.75, 1, 0, 0.5, 0.5)]);
  });

  test("are not classes", () => {
    const wrong = refused([["no", "yes"], ["no"]], of(["no", "yes"], { kind: "klDivergence" }));
    expect(wrong).toMatch(/^ShapeError wrongShape: y\[0\]\[0\]: .*; a target is a probability for each class$/);
  });
});

describe("an index that stands for none", () => {
  const ignoring = (ignoreIndex: number) => of(["no", "yes"], { kind: "crossEntropy", ignoreIndex });

  test("masks, whether or not it is a class's", () => {
    expect(read([[1, -100], [-100]], ignoring(-100)).i32("classes")).toEqual(ints(1, -1, -1));
    expect(read([["no", -1], [0]], ignoring(-1)).i32("classes")).toEqual(ints(0, -1, 0));
    // One of the classes by its index: the kernel leaves it aside.
    expect(read([[1, 0], ["yes"]], ignoring(1)).i32("classes")).toEqual(ints(1, 0, 1));
    expect(refused([[1, -7], [0]], ignoring(-100))).toMatch(/y\[0\]\[1\]: .*got -7/);
  });

  test("is no target of a step", () => {
    expect(encodeStepTarget(-100, ignoring(-100))).toBeUndefined();
    expect(encodeStepTarget("yes", ignoring(-100))).toEqual(floats(1));
    const probabilities = of(["no", "yes"], { kind: "klDivergence" });
    expect(encodeStepTarget([0.5, 0.5] as Numbers, probabilities)).toEqual(floats(0.5, 0.5));
  });
});

test("a network gives several numbers for each target", () => {
  const width = (loss: Parameters<typeof encodingOf>[0]["loss"]) =>
    outputWidth(encodingOf({ input: { size: 1 }, output: { at: "last", size: 3 }, loss: loss! }));
  expect([width("mse"), width("gaussianNll"), width({ kind: "quantile", quantiles: [0.1, 0.9] })]).toEqual([3, 6, 6]);
});
