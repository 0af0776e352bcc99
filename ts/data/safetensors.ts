/** Tensors by name in a safetensors file, of any writer's: PyTorch's weights in and out. */
import { Bundle, type Bytes } from "./bundle.js";
import { type Dtype, parse, type Slot } from "./container.js";
import { copyNumbers } from "./numeric.js";
import { build } from "./parts.js";
import { show, wrongData } from "./refuse.js";
import { copyChecked } from "./states.js";
import { checkTensor, tensor } from "./tensor.js";
import type { Tensor, TensorLike } from "./values.js";

/**
 * All tensors of a file, as 32-bit floats: F64 is rounded, F16 and BF16 are exact, integers are exact up to 2^24.
 * Throws FormatError, saying what is wrong, for a file that is cut off, altered in its header or of types not read here.
 */
export function readSafetensors(file: BufferSource): Record<string, Tensor> {
  const bytes = bytesOf(file);
  const { slots } = parse(bytes);
  // Not by assignment: a tensor may be named __proto__.
  return Object.fromEntries(slots.map((slot) => [slot.name, tensor(slot.shape, floats(bytes, slot))]));
}

/** A file of 32-bit floats. Throws DataError and ShapeError, by the tensor's name, for what is no tensor. */
export function writeSafetensors(p: Record<string, TensorLike>): Bytes {
  return tensorFile(p, "tensors", (data, to, path) => {
    const wrong = copyNumbers(data, to, 0);
    if (wrong >= 0)
      throw wrongData({ path: `${path}.data[${wrong}]`, expected: "a number", received: show(data[wrong]) });
  });
}

/** The same for the kernel, which takes no NaN: parameters, or their gradients. `name` is the argument's. */
export function encodeTensors(p: Record<string, TensorLike>, name: string): Bytes {
  return tensorFile(p, name, copyChecked);
}

/** All tensors of a bundle of 32-bit floats, in place. */
export function decodeTensors(bytes: Uint8Array): Record<string, Tensor> {
  const bundle = Bundle.read(bytes);
  return Object.fromEntries(bundle.names.map((name) => [name, bundle.tensor(name)]));
}

function tensorFile(p: unknown, name: string, copy: typeof copyChecked): Bytes {
  if (typeof p !== "object" || p === null || Array.isArray(p) || ArrayBuffer.isView(p)) {
    throw wrongData({ path: name, expected: "an object of tensors by name", received: show(p) });
  }
  const parts = Object.entries(p).map(([key, value]) => {
    const path = `${name}[${JSON.stringify(key)}]`;
    const { shape, data } = checkTensor(value, path);
    return {
      spec: { name: key, dtype: "F32", shape } as const,
      write: (bundle: Bundle) => copy(data, bundle.f32(key), path),
    };
  });
  return build(parts, {});
}

/** The bytes of whatever holds bytes. Throws DataError for anything else. */
export function bytesOf(file: unknown, name = "file"): Uint8Array {
  if (ArrayBuffer.isView(file)) return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  // Another realm's ArrayBuffer, or shared memory.
  const tag = Object.prototype.toString.call(file);
  if (tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]")
    return new Uint8Array(file as ArrayBuffer);
  throw wrongData({ path: name, expected: "an ArrayBuffer or a view of one", received: show(file) });
}

function floats(file: Uint8Array, { dtype, start, end, count }: Slot): Float32Array {
  // A copy: the data may stand at any byte, and the user's buffer stays the user's.
  const { buffer } = file.slice(start, end);
  if (dtype === "F32") return new Float32Array(buffer, 0, count);
  if (dtype === "F16" || dtype === "BF16") return halves(new Uint16Array(buffer, 0, count), dtype);
  if (dtype === "I64" || dtype === "U64") {
    const of = dtype === "I64" ? BigInt64Array : BigUint64Array;
    return Float32Array.from(new of(buffer, 0, count), Number);
  }
  return Float32Array.from(new narrow[dtype](buffer, 0, count));
}

const narrow = {
  F64: Float64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const satisfies Partial<Record<Dtype, unknown>>;

/** 16-bit floats: BF16 is the upper half of a 32-bit one; F16 has 5 bits of exponent (IEEE 754). */
function halves(bits: Uint16Array, dtype: "F16" | "BF16"): Float32Array {
  const result = new Float32Array(bits.length);
  const words = new Uint32Array(result.buffer);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i]!;
    if (dtype === "BF16") {
      words[i] = half << 16;
      continue;
    }
    const [exponent, fraction] = [(half >> 10) & 31, half & 0x3ff];
    const sign = half & 0x8000 ? -1 : 1;
    if (exponent === 0) result[i] = sign * fraction * 2 ** -24;
    else if (exponent === 31) result[i] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else result[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return result;
}
