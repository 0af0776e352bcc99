// The container of typed arrays, as crates/train/src/bundle.rs reads and writes it.
import { describe, expect, test } from "vitest";
import { Bundle } from "../../../ts/data/bundle.js";
import { refusal } from "./caught.js";

const specs = [
  { name: "bytes", dtype: "U8", shape: [3] },
  { name: "x", dtype: "F32", shape: [2, 2] },
  { name: "wide", dtype: "F64", shape: [1] },
  { name: "tokens", dtype: "U16", shape: [2] },
  { name: "large", dtype: "U32", shape: [1] },
  { name: "lengths", dtype: "I32", shape: [2] },
  { name: "none", dtype: "F32", shape: [0, 4] },
] as const;

function filled(): Bundle {
  const bundle = Bundle.allocate(specs, { kind: "sequences", note: "ä" });
  bundle.tokens("bytes").set([1, 2, 255]);
  bundle.f32("x").set([1, -2.5, 3, Number.NaN]);
  bundle.f64("wide").set([Math.PI]);
  bundle.tokens("tokens").set([0, 65535]);
  bundle.tokens("large").set([4_000_000_000]);
  bundle.i32("lengths").set([-1, 7]);
  return bundle;
}

function expectFilled(bundle: Bundle): void {
  expect(bundle.metadata).toEqual({ kind: "sequences", note: "ä" });
  expect(bundle.tokens("bytes")).toEqual(Uint8Array.of(1, 2, 255));
  expect(bundle.f32("x")).toEqual(Float32Array.of(1, -2.5, 3, Number.NaN));
  expect(bundle.f64("wide")).toEqual(Float64Array.of(Math.PI));
  expect(bundle.tokens("tokens")).toEqual(Uint16Array.of(0, 65535));
  expect(bundle.tokens("large")).toEqual(Uint32Array.of(4_000_000_000));
  expect(bundle.i32("lengths")).toEqual(Int32Array.of(-1, 7));
  expect(bundle.f32("none")).toEqual(new Float32Array(0));
  expect(bundle.shape("x")).toEqual([2, 2]);
}

test("what is written is read, every type aligned and in place", () => {
  const { bytes } = filled();
  const again = Bundle.read(bytes);
  expectFilled(again);
  expect(again.bytes).toBe(bytes);
  for (const name of ["bytes", "tokens", "large"]) expect(again.tokens(name).buffer).toBe(bytes.buffer);
  expect([again.f32("x").buffer, again.f64("wide").buffer, again.i32("lengths").buffer]).toEqual(
    Array(3).fill(bytes.buffer),
  );
  expect(again.names).toEqual(["wide", "x", "large", "lengths", "none", "tokens", "bytes"]);
});

test("the header is that of the format: its length, JSON padded with spaces to a multiple of 8, offsets from the data", () => {
  const { bytes } = Bundle.allocate([{ name: "a", dtype: "F32", shape: [2] }], { kind: "text" });
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  expect(text).toBe(
    '{"__metadata__":{"kind":"text"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.padEnd(length),
  );
  expect(bytes.length).toBe(8 + length + 8);
});

test("bytes that are not aligned are copied where they must be", () => {
  const { bytes } = filled();
  for (let shift = 1; shift < 8; shift++) {
    const shifted = new Uint8Array(bytes.length + shift).subarray(shift);
    shifted.set(bytes);
    expectFilled(Bundle.read(shifted));
  }
});

test("shared memory is copied: it may change under the reader", () => {
  const { bytes } = filled();
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const bundle = Bundle.read(shared);
  shared.fill(0);
  expectFilled(bundle);
});

test("an empty bundle says only what it is", () => {
  const again = Bundle.read(Bundle.allocate([], { kind: "end" }).bytes);
  expect([again.metadata, again.names]).toEqual([{ kind: "end" }, []]);
});

test("a tensor is a view with lists on demand", () => {
  const bundle = filled();
  const tensor = bundle.tensor("x");
  expect(tensor.shape).toEqual([2, 2]);
  expect(tensor.data.buffer).toBe(bundle.bytes.buffer);
  expect(tensor.toArray()).toEqual([
    [1, -2.5],
    [3, Number.NaN],
  ]);
  expect(bundle.tensor("none").toArray()).toEqual([]);
});

describe("what is not there", () => {
  test.each([
    [() => filled().f32("y"), 'FormatError unreadableFile: there is no tensor "y"'],
    [() => filled().shape("y"), 'FormatError unreadableFile: there is no tensor "y"'],
    [() => filled().f32("wide"), 'FormatError unreadableFile: tensor "wide" has type F64, expected F32'],
    [() => filled().tokens("x"), 'FormatError unreadableFile: tensor "x" has type F32, expected U32'],
    [() => filled().tensor("lengths"), 'FormatError unreadableFile: tensor "lengths" has type I32, expected F32'],
  ])("%s", (call, message) => expect(refusal(call)).toBe(message));
  test("has", () => expect([filled().has("x"), filled().has("y")]).toEqual([true, false]));
});

test("more than memory holds is a MemoryError", () => {
  const bytes = 8 + 88 + 4 * 2 ** 50;
  expect(refusal(() => Bundle.allocate([{ name: "x", dtype: "F32", shape: [2 ** 50] }]))).toBe(
    `MemoryError outOfMemory: the bundle of data needs ${bytes} bytes, which are not to be had`,
  );
});
