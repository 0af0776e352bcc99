// Files of tensors: those of this package, those of others, and those that are broken.
import { describe, expect, test } from "vitest";
import { WIDTHS } from "../../../ts/data/container.js";
import { decodeTensors, encodeTensors, readSafetensors, writeSafetensors } from "../../../ts/data/safetensors.js";
import type { TensorLike } from "../../../ts/data/values.js";
import { FormatError } from "../../../ts/errors.js";
import { refusal } from "./caught.js";

/** A file as others might write it. */
function file(header: unknown, data: number[] | Uint8Array = []): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const entry = (dtype: string, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets });
const bytesOf = (data: { buffer: ArrayBufferLike }) => new Uint8Array(data.buffer);

const parameters: Record<string, TensorLike> = {
  "0.weight_ih_l0": { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, -0, 1e-40) },
  "0.bias_ih_l0": { shape: [2], data: [0.1, Number.NaN] },
  scalar: { shape: [], data: [7] },
  empty: { shape: [0, 3], data: new Float64Array(0) },
};

test("what is written is read, as 32-bit floats", () => {
  const read = readSafetensors(writeSafetensors(parameters));
  expect(Object.keys(read)).toEqual(Object.keys(parameters));
  for (const [name, { shape, data }] of Object.entries(parameters)) {
    expect(read[name]?.shape).toEqual(shape);
    expect(read[name]?.data).toEqual(Float32Array.from(data));
  }
  expect(read["0.weight_ih_l0"]?.toArray()).toEqual([
    [1, -2, 3.5],
    [0, -0, Math.fround(1e-40)],
  ]);
  expect(read.scalar?.toArray()).toEqual([7]);
  expect(Object.keys(readSafetensors(writeSafetensors({})))).toEqual([]);
});

test("tensors do not share the file's memory, and the file may stand anywhere in a buffer", () => {
  const bytes = writeSafetensors({ a: { shape: [1], data: [5] } });
  const within = new Uint8Array(bytes.length + 3);
  within.set(bytes, 3);
  const tensors = [
    readSafetensors(bytes.buffer),
    readSafetensors(within.subarray(3)),
    readSafetensors(new DataView(within.buffer, 3)),
  ];
  bytes.fill(0);
  within.fill(0);
  for (const { a } of tensors) expect(a?.data).toEqual(Float32Array.of(5));
});

describe("types of other writers", () => {
  const one = (dtype: keyof typeof WIDTHS, data: { buffer: ArrayBufferLike }, n: number) =>
    readSafetensors(file({ t: entry(dtype, [n], [0, n * WIDTHS[dtype]]) }, bytesOf(data))).t?.data;

  test.each([
    ["F32", Float32Array.of(1.5, -2), [1.5, -2]],
    ["F64", Float64Array.of(Math.PI, -1e300), [Math.fround(Math.PI), Number.NEGATIVE_INFINITY]],
    ["I64", BigInt64Array.of(-5n, 3n), [-5, 3]],
    ["U64", BigUint64Array.of(2n ** 63n, 1n), [2 ** 63, 1]],
    ["I32", Int32Array.of(-7, 2 ** 24), [-7, 2 ** 24]],
    ["U32", Uint32Array.of(2 ** 31, 9), [2 ** 31, 9]],
    ["I16", Int16Array.of(-300, 300), [-300, 300]],
    ["U16", Uint16Array.of(65535, 1), [65535, 1]],
    ["I8", Int8Array.of(-128, 127), [-128, 127]],
    ["U8", Uint8Array.of(255, 0), [255, 0]],
    ["BOOL", Uint8Array.of(1, 0), [1, 0]],
    ["BF16", Uint16Array.of(0x3fc0, 0xc000, 0x7f80, 0x0001), [1.5, -2, Number.POSITIVE_INFINITY, 2 ** -133]],
  ] as const)("%s", (dtype, data, expected) => {
    expect(one(dtype, data, data.length)).toEqual(Float32Array.from(expected));
  });

  test("F16: every bit pattern, by the definition", () => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
    const read = one("F16", all, all.length)!;
    // IEEE 754: 1 sign, 5 exponent (bias 15), 10 fraction.
    const defined = (bits: number) => {
      const [sign, exponent, fraction] = [bits >> 15, (bits >> 10) & 31, (bits & 1023) / 1024];
      const size =
        exponent === 31
          ? fraction
            ? Number.NaN
            : 1 / 0
          : exponent
            ? (1 + fraction) * 2 ** (exponent - 15)
            : fraction * 2 ** -14;
      return sign ? -size : size;
    };
    expect(read).toEqual(Float32Array.from(all, defined));
    expect([0x3c00, 0xc000, 0x0001, 0x7bff].map((bits) => read[bits])).toEqual([1, -2, 2 ** -24, 65504]);
  });

  test("F64 at a place that is not a multiple of 8", () => {
    const data = [...bytesOf(Uint8Array.of(9)), ...bytesOf(Float64Array.of(0.5))];
    const read = readSafetensors(file({ b: entry("F64", [1], [1, 9]), a: entry("U8", [1], [0, 1]) }, data));
    expect([read.a?.data[0], read.b?.data[0]]).toEqual([9, 0.5]);
    expect(Object.keys(read)).toEqual(["a", "b"]);
  });

  test("a tensor may have any name, also one that objects have", () => {
    const header =
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"toString":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}';
    const read = readSafetensors(file(header, [3, 4]));
    expect(Object.entries(read).map(([name, { data }]) => [name, ...data])).toEqual([
      ["__proto__", 3],
      ["toString", 4],
    ]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    const again = readSafetensors(writeSafetensors(read));
    expect(Object.keys(again)).toEqual(["__proto__", "toString"]);
  });
});

describe("broken files say what is wrong with them", () => {
  const f = (what: string) => `FormatError unreadableFile: not a readable safetensors file: ${what}`;
  const four = [0, 0, 0, 0];
  const t = (dtype: string, shape: unknown, offsets: unknown, data: number[] = four) =>
    file({ t: entry(dtype, shape, offsets) }, data);
  const huge = file("{}");
  huge.fill(255, 0, 8);
  const latin = file('{"a":1}');
  latin[10] = 0xff;

  test.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(0), "shorter than its header length"],
    ["seven bytes", new Uint8Array(7), "shorter than its header length"],
    ["a header past the end", file("{}").subarray(0, 9), "the header is cut off"],
    ["a header of 2^64 bytes", huge, "the header is cut off"],
    ["an empty header", new Uint8Array(8), "the header is not JSON"],
    ["half a header", file('{"a":'), "the header is not JSON"],
    ["a byte order mark", file("\ufeff{}"), "the header is not JSON"],
    ["no UTF-8", latin, "the header is not JSON"],
    ["lists without end", file("[".repeat(100_000)), "the header is not JSON"],
    ["a list", file("[]"), "the header is not an object"],
    ["null", file("null"), "the header is not an object"],
    ["metadata that are a list", file({ __metadata__: [] }), "__metadata__ is not an object"],
    ["metadata with a number", file({ __metadata__: { version: 1 } }), "__metadata__.version is not text"],
    ["a tensor that is a number", file({ t: 1 }), 'tensor "t" is not an object'],
    ["no dtype", file({ t: { shape: [1], data_offsets: [0, 4] } }, four), 'tensor "t" has no dtype'],
    ["a type not read here", t("F8_E4M3", [4], [0, 4]), 'tensor "t" has the type "F8_E4M3", which is not read here'],
    [
      "a type of objects",
      t("constructor", [4], [0, 4]),
      'tensor "t" has the type "constructor", which is not read here',
    ],
    ["no shape", t("F32", undefined, [0, 4]), 'tensor "t" has no shape'],
    ["half a size", t("F32", [0.5], [0, 4]), 'tensor "t" has no shape'],
    ["a negative size", t("F32", [-1, -1], [0, 4]), 'tensor "t" has no shape'],
    ["a size in words", t("F32", ["1"], [0, 4]), 'tensor "t" has no shape'],
    ["a size past 2^53", t("F32", [2 ** 60], [0, 4]), 'tensor "t" has no shape'],
    ["no offsets", t("F32", [1], undefined), 'tensor "t" has no data_offsets'],
    ["one offset", t("F32", [1], [0]), 'tensor "t" has no data_offsets'],
    ["a negative offset", t("F32", [1], [-4, 0]), 'tensor "t" has no data_offsets'],
    ["offsets in reverse", t("F32", [1], [4, 0]), 'tensor "t" ends before it begins'],
    ["too few bytes", t("F32", [2], [0, 4]), 'tensor "t" has 4 bytes, and F32 of shape [2] takes 8'],
    ["another type's bytes", t("F64", [1], [0, 4]), 'tensor "t" has 4 bytes, and F64 of shape [1] takes 8'],
    [
      "an endless product",
      t("U8", [2 ** 40, 2 ** 40], [0, 4]),
      `tensor "t" has 4 bytes, and U8 of shape [${2 ** 40}, ${2 ** 40}] takes ${2 ** 80}`,
    ],
    ["data cut off", t("F32", [1], [0, 4], [0, 0]), "the data are cut off: 66 bytes are described, 64 are there"],
    [
      "data too long",
      t("F32", [1], [0, 4], [...four, 9]),
      "the data are longer than the tensors: 66 bytes are described, 67 are there",
    ],
    ["a gap", t("U8", [2], [2, 4]), 'data have a gap at tensor "t"'],
    [
      "an overlap",
      file({ a: entry("U8", [3], [0, 3]), b: entry("U8", [2], [2, 4]) }, four),
      'data have an overlap at tensor "b"',
    ],
    [
      "the same bytes twice",
      file({ a: entry("U8", [4], [0, 4]), b: entry("U8", [4], [0, 4]) }, four),
      'data have an overlap at tensor "b"',
    ],
  ])("%s", (_, bytes, what) => expect(refusal(() => readSafetensors(bytes.slice()))).toBe(f(what)));

  const small = () =>
    writeSafetensors({ "0.weight": { shape: [2, 2], data: [1, 2, 3, 4] }, "0.bias": { shape: [2], data: [5, 6] } });

  test("cut off anywhere", () => {
    const whole = small();
    for (let length = 0; length < whole.length; length++) {
      expect(() => readSafetensors(whole.subarray(0, length)), `${length} bytes`).toThrow(FormatError);
    }
  });

  test("with any byte changed to any value: a FormatError, or tensors that fill their shapes", () => {
    const whole = small();
    const data = whole.length - 24;
    const [refused, read] = [
      { header: 0, data: 0 },
      { header: 0, data: 0 },
    ];
    for (let at = 0; at < whole.length; at++) {
      const original = whole[at]!;
      for (let value = 0; value < 256; value++) {
        if (value === original) continue;
        whole[at] = value;
        const part = at < data ? "header" : "data";
        try {
          const tensors = readSafetensors(whole);
          read[part]++;
          for (const { shape, data } of Object.values(tensors)) {
            if (data.length !== shape.reduce((n, d) => n * d, 1)) throw new Error(`byte ${at} as ${value}: ${shape}`);
          }
        } catch (error) {
          if (!(error instanceof FormatError)) throw new Error(`byte ${at} as ${value}`, { cause: error });
          refused[part]++;
        }
      }
      whole[at] = original;
    }
    // Data have no checksum in this format: a changed number is a number. Of a header, only names and spaces can change.
    expect([refused.data, read.data]).toEqual([0, 24 * 255]);
    expect(refused.header).toBeGreaterThan(read.header * 4);
  });
});

describe("what is no tensor is not written", () => {
  const write = (p: unknown) => refusal(() => writeSafetensors(p as Record<string, TensorLike>));
  test.each<[unknown, string]>([
    [null, "DataError wrongData: tensors: expected an object of tensors by name, got null"],
    [[1], "DataError wrongData: tensors: expected an object of tensors by name, got a list of 1 number"],
    [
      new Float32Array(2),
      "DataError wrongData: tensors: expected an object of tensors by name, got a Float32Array of 2",
    ],
    [{ a: [1] }, 'DataError wrongData: tensors["a"]: expected a tensor { shape, data }, got a list of 1 number'],
    [{ a: { shape: 2, data: [1, 2] } }, 'ShapeError wrongShape: tensors["a"].shape: expected a list of sizes, got 2'],
    [
      { a: { shape: [-1], data: [1] } },
      'ShapeError wrongShape: tensors["a"].shape: expected a list of sizes, got [-1]',
    ],
    [{ a: { shape: [2], data: "12" } }, 'DataError wrongData: tensors["a"].data: expected a list of numbers, got "12"'],
    [
      { a: { shape: [2], data: BigInt64Array.of(1n, 2n) } },
      'DataError wrongData: tensors["a"].data: expected a list of numbers, got a BigInt64Array of 2',
    ],
    [
      { a: { shape: [2, 2], data: [1, 2] } },
      'ShapeError wrongShape: tensors["a"].data: expected 4 numbers (shape [2, 2]), got 2',
    ],
    [{ a: { shape: [2], data: [1, "2"] } }, 'DataError wrongData: tensors["a"].data[1]: expected a number, got "2"'],
    [
      { __metadata__: { shape: [1], data: [1] } },
      "DataError wrongData: __metadata__: expected another name, got the one that stands for metadata",
    ],
  ])("%o", (p, message) => expect(write(p)).toBe(message));

  test("nor is what holds no bytes read", () => {
    expect(refusal(() => readSafetensors("{}" as unknown as ArrayBuffer))).toBe(
      'DataError wrongData: file: expected an ArrayBuffer or a view of one, got "{}"',
    );
  });
});

test("parameters for the kernel are finite", () => {
  const tensors = decodeTensors(encodeTensors({ b: { shape: [1, 2], data: Int32Array.of(3, 4) } }, "parameters"));
  expect(tensors.b).toMatchObject({ shape: [1, 2], data: Float32Array.of(3, 4) });
  expect(refusal(() => encodeTensors(parameters, "parameters"))).toBe(
    'DataError notFinite: parameters["0.bias_ih_l0"].data[1]: expected a finite number, got NaN',
  );
  expect(refusal(() => encodeTensors({ g: { shape: [1], data: [1e39] } }, "gradients"))).toBe(
    'DataError notFinite: gradients["g"].data[0]: expected a number that fits 32 bits (up to 3.4e38), got 1e+39',
  );
});
