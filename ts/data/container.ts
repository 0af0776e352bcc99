/**
 * The form of a safetensors file: header length (u64, little-endian), JSON header, data. Here it is taken apart and laid
 * out; what the tensors mean is not known here. Source: the format description of the safetensors project.
 *
 * Beyond it, headers are padded so that data begin at a multiple of 8, and tensors stand with the widest elements first,
 * so that every one of them is aligned and can be read in place. Typed arrays are taken to be little-endian, as wasm is.
 */
import { unreadable, wrongData } from "./refuse.js";

/** Bytes an element. */
export const WIDTHS = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
export type Dtype = keyof typeof WIDTHS;

export type Metadata = Readonly<Record<string, string>>;

export interface Spec {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** A tensor's place: bytes from `start` to `end` of the file. */
export interface Slot extends Spec {
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

export interface Layout {
  readonly metadata: Metadata;
  /** In the order of the data. */
  readonly slots: readonly Slot[];
}

const METADATA = "__metadata__";

/** Takes a header apart. Throws FormatError for bytes that are not such a file: cut off, overlapping, with gaps, of unknown types. */
export function parse(file: Uint8Array): Layout {
  if (file.length < 8) throw unreadable("shorter than its header length");
  const head = new DataView(file.buffer, file.byteOffset, 8);
  const data = 8 + head.getUint32(0, true) + head.getUint32(4, true) * 2 ** 32;
  if (data > file.length) throw unreadable("the header is cut off");
  const header = object(json(file.slice(8, data)), "the header");
  let metadata: Metadata = {};
  const slots: Slot[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) metadata = texts(object(entry, METADATA));
    else slots.push(slot(name, object(entry, `tensor ${JSON.stringify(name)}`), data));
  }
  slots.sort((a, b) => a.start - b.start || a.end - b.end);
  let at = data;
  for (const { name, start, end } of slots) {
    if (start !== at)
      throw unreadable(`data have ${start < at ? "an overlap" : "a gap"} at tensor ${JSON.stringify(name)}`);
    at = end;
  }
  if (at > file.length) throw unreadable(`the data are cut off: ${at} bytes are described, ${file.length} are there`);
  if (at < file.length)
    throw unreadable(`the data are longer than the tensors: ${at} bytes are described, ${file.length} are there`);
  return { metadata, slots };
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw unreadable("the header is not JSON");
  }
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unreadable(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function texts(fields: Record<string, unknown>): Metadata {
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value !== "string") throw unreadable(`${METADATA}.${key} is not text`);
  }
  return fields as Metadata;
}

function slot(name: string, entry: Record<string, unknown>, data: number): Slot {
  const of = `tensor ${JSON.stringify(name)}`;
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string") throw unreadable(`${of} has no dtype`);
  if (!Object.hasOwn(WIDTHS, dtype))
    throw unreadable(`${of} has the type ${JSON.stringify(dtype)}, which is not read here`);
  if (!wholeNumbers(shape)) throw unreadable(`${of} has no shape`);
  if (!wholeNumbers(offsets) || offsets.length !== 2) throw unreadable(`${of} has no data_offsets`);
  const [from, to] = offsets as [number, number];
  if (from > to) throw unreadable(`${of} ends before it begins`);
  const count = elements(shape);
  const width = WIDTHS[dtype as Dtype];
  if (to - from !== count * width) {
    throw unreadable(
      `${of} has ${to - from} bytes, and ${dtype} of shape [${shape.join(", ")}] takes ${count * width}`,
    );
  }
  return { name, dtype: dtype as Dtype, shape, count, start: data + from, end: data + to };
}

function wholeNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** Elements in a shape; 1 in that of a scalar. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Lays out a file: the bytes up to the data, each tensor's place, and the length of it all. */
export function layOut(specs: readonly Spec[], metadata: Metadata = {}): Layout & { head: Uint8Array; length: number } {
  const sorted = [...specs].sort((a, b) => WIDTHS[b.dtype] - WIDTHS[a.dtype]);
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set(METADATA, metadata);
  const places: Slot[] = [];
  let end = 0;
  for (const { name, dtype, shape } of sorted) {
    if (name === METADATA)
      throw wrongData({ path: METADATA, expected: "another name", received: "the one that stands for metadata" });
    const count = elements(shape);
    const start = end;
    end += count * WIDTHS[dtype];
    header.set(name, { dtype, shape, data_offsets: [start, end] });
    places.push({ name, dtype, shape, count, start, end });
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const data = 8 + Math.ceil(text.length / 8) * 8;
  const head = new Uint8Array(data).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(data - 8), true);
  head.set(text, 8);
  const slots = places.map((place) => ({ ...place, start: data + place.start, end: data + place.end }));
  return { metadata, slots, head, length: data + end };
}
