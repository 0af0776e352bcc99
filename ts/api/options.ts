/**
 * Descriptions and options on their way to the kernel, whose table checks them. JSON cannot say NaN, and would drop or
 * change other things in silence, so that whatever is not plain JSON goes as {"$value": what it is} and is refused there.
 */
import { bytesOf } from "../data/safetensors.js";
import { ConfigError } from "../errors.js";
import { encode as base64 } from "../worker/base64.js";

/** JSON of a description. `undefined` is as good as absent. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value === undefined ? {} : value, encode);
  } catch (cause) {
    throw new ConfigError(
      `a description must be plain JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

/** Takes the named fields out of an options object; the rest is for the kernel. */
export function split<T extends object, K extends keyof T>(
  options: T | undefined,
  names: readonly K[],
): [Partial<Pick<T, K>>, Omit<T, K>] {
  if (options === undefined) return [{}, {} as Omit<T, K>];
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new ConfigError(`options: expected an object, got ${nameOf(options)}`);
  }
  const rest: Partial<T> = { ...options };
  const taken: Partial<T> = {};
  for (const name of names) {
    if (rest[name] !== undefined) taken[name] = rest[name];
    delete rest[name];
  }
  return [taken, rest as Omit<T, K>];
}

/** A replacer. `this` holds the value as it was: JSON.stringify has called toJSON of a Date before. */
function encode(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key];
  if (original === undefined) return Array.isArray(this) ? { $value: "undefined" } : undefined;
  if (typeof original === "number") return Number.isFinite(original) ? original : { $value: String(original) };
  if (original === null || typeof original === "string" || typeof original === "boolean") return original;
  if (typeof original !== "object") return { $value: typeof original };
  if (key === "module" && isBytes(original)) return base64(bytesOf(original)); // of a custom loss
  return isPlain(original) ? value : { $value: nameOf(original) };
}

function isBytes(value: object): boolean {
  return ArrayBuffer.isView(value) || Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  // Also plain when it comes from another realm (a frame, a vm): there the prototype's own prototype is null.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What came, in an error's words. */
export function nameOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined)
    return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  return Array.isArray(value) ? "an array" : (value.constructor?.name ?? "an object");
}
