/**
 * Typed arrays with names, and text beside them, in one buffer that moves as a whole: what crosses to the kernel and back.
 * crates/train/src/bundle.rs is the other side. NOT: what the tensors mean, nor files from elsewhere (safetensors.ts).
 */
import { FormatError } from "../errors.js";
import { type Dtype, type Layout, layOut, type Metadata, parse, type Slot, type Spec } from "./container.js";
import { allocate } from "./refuse.js";
import { tensor } from "./tensor.js";
import type { Tensor } from "./values.js";

/** Bytes that own their buffer and can be transferred. */
export type Bytes = Uint8Array<ArrayBuffer>;

export const arrays = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  U8: Uint8Array,
  U16: Uint16Array,
  U32: Uint32Array,
};
type Arrays = { [K in keyof typeof arrays]: InstanceType<(typeof arrays)[K]> };
type Elements = keyof Arrays;

/** Whole numbers, as narrow as they may be. */
export type Tokens = Uint8Array | Uint16Array | Uint32Array;

/** An array of any of the types. */
export type Columns = Tokens | Int32Array | Float32Array | Float64Array;

export class Bundle {
  readonly bytes: Bytes;
  readonly metadata: Metadata;
  readonly #slots: ReadonlyMap<string, Slot>;

  private constructor(bytes: Bytes, { metadata, slots }: Layout) {
    this.bytes = bytes;
    this.metadata = metadata;
    this.#slots = new Map(slots.map((slot) => [slot.name, slot]));
  }

  /** Zeros, to be filled through the views: f32, i32 … Throws MemoryError. */
  static allocate(specs: readonly (Spec & { readonly dtype: Elements })[], metadata?: Metadata): Bundle {
    const { head, length, ...layout } = layOut(specs, metadata);
    const bytes = allocate(length, "the bundle of data", () => new Uint8Array(length));
    bytes.set(head);
    return new Bundle(bytes, layout);
  }

  /** Keeps the bytes, which are not copied. Throws FormatError. */
  static read(bytes: Uint8Array): Bundle {
    // Views on shared memory could change under the reader.
    const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Bytes) : bytes.slice();
    return new Bundle(own, parse(own));
  }

  /** Of all tensors, in the order of the data. */
  get names(): string[] {
    return [...this.#slots.keys()];
  }

  has(name: string): boolean {
    return this.#slots.has(name);
  }

  shape(name: string): readonly number[] {
    return this.#slot(name).shape;
  }

  f32(name: string): Float32Array<ArrayBuffer> {
    return this.#view(name, "F32");
  }

  f64(name: string): Float64Array<ArrayBuffer> {
    return this.#view(name, "F64");
  }

  i32(name: string): Int32Array<ArrayBuffer> {
    return this.#view(name, "I32");
  }

  tokens(name: string): Tokens {
    const { dtype } = this.#slot(name);
    return this.#view(name, dtype === "U8" || dtype === "U16" ? dtype : "U32");
  }

  /** Of 32-bit floats, in place: it shares the bundle's memory. */
  tensor(name: string): Tensor {
    return tensor(this.shape(name), this.f32(name));
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (!slot) throw new FormatError(`there is no tensor ${JSON.stringify(name)}`);
    return slot;
  }

  /** A view in place where that is aligned, a copy where it is not. */
  #view<D extends Elements>(name: string, dtype: D): Arrays[D] {
    const { start, end, count, dtype: actual } = this.#slot(name);
    if (actual !== (dtype as Dtype))
      throw new FormatError(`tensor ${JSON.stringify(name)} has type ${actual}, expected ${dtype}`);
    const of = arrays[dtype] as unknown as {
      new (buffer: ArrayBuffer, offset: number, length: number): Arrays[D];
      BYTES_PER_ELEMENT: number;
    };
    const at = this.bytes.byteOffset + start;
    return at % of.BYTES_PER_ELEMENT === 0
      ? new of(this.bytes.buffer, at, count)
      : new of(this.bytes.slice(start, end).buffer, 0, count);
  }
}
