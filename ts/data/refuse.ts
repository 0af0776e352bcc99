/** Errors about one value, in the words of crates/train/src/error.rs: `x[2][5]: expected 3 numbers, got 4`. */
import {
  ConfigError,
  DataError,
  type ErrorInfo,
  FormatError,
  MemoryError,
  type RetrogradError,
  ShapeError,
} from "../errors.js";

export interface Wrong {
  path: string;
  expected: string;
  received: string;
  /** Another code than the class's own. */
  code?: string;
  /** What may have been meant; the message's last part. */
  hint?: string | undefined;
}

type Of<E> = new (message: string, info: ErrorInfo) => E;

function about<E extends RetrogradError>(of: Of<E>, wrong: Wrong): E {
  const { path, expected, received, code, hint } = wrong;
  const message = `${path}: expected ${expected}, got ${received}${hint === undefined ? "" : `; ${hint}`}`;
  return new of(message, { path, expected, received, code });
}

export const wrongShape = (wrong: Wrong): ShapeError => about(ShapeError, wrong);
export const wrongData = (wrong: Wrong): DataError => about(DataError, wrong);
export const wrongOption = (wrong: Wrong): ConfigError => about(ConfigError, wrong);
export const emptyData = (path: string, expected: string): DataError =>
  wrongData({ path, expected, received: "none", code: "emptyData" });
export const unreadable = (what: string): FormatError => new FormatError(`not a readable safetensors file: ${what}`);

/** A value as a message shows it. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    const characters = [...value.slice(0, 82)];
    return JSON.stringify(characters.length > 40 ? `${characters.slice(0, 40).join("")}…` : value);
  }
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  if (typeof value === "bigint") return `the bigint ${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return "an empty list";
    const each = typeof value[0] === "number" ? "number" : typeof value[0] === "string" ? "string" : "item";
    return `a list of ${count(value.length, each)}`;
  }
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid date" : value.toISOString();
  if (ArrayBuffer.isView(value)) {
    const length = "length" in value ? ` of ${value.length}` : "";
    return `a ${value.constructor.name}${length}`;
  }
  if ("shape" in value && Array.isArray(value.shape)) return `a tensor of shape ${showShape(value.shape)}`;
  const name = value.constructor?.name ?? "Object";
  return name === "Object" ? "an object" : `a ${name}`;
}

export function showShape(shape: readonly unknown[]): string {
  return `[${shape.map((n) => (typeof n === "number" ? String(n) : show(n))).join(", ")}]`;
}

/** `3 numbers`, `1 number`. */
export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/** At most eight names of a list. */
export function some(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => show(name));
  return names.length > 8 ? `${shown.join(", ")}, … (${names.length} in all)` : shown.join(", ");
}

/** Makes an array, whose size may be the user's. */
export function allocate<T>(bytes: number, what: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw noMemory(what, bytes, cause);
  }
}

export function noMemory(what: string, bytes: number, cause?: unknown): MemoryError {
  return new MemoryError(`${what} needs ${bytes} bytes, which are not to be had`, { details: { bytes }, cause });
}
