/** Checks what only this side knows: the controls of a run and the runtime. */
import { didYouMean } from "../data/hint.js";
import { ConfigError } from "../errors.js";
import { nameOf, split } from "./options.js";
import type { RunControls, Runtime } from "./types.js";

const CONTROLS = ["validationData", "signal", "onProgress", "log", "checkpoint"] as const;

/**
 * The kernel refuses an option that it does not know with a hint at one of its own. Where the option looks like a control, which
 * the kernel has never heard of, this gives an error that names the control; any other error comes back as it is.
 * Two edits at most: `validationSpli` is nearer to the kernel's validationSplit than to validationData.
 */
export function hinted(error: unknown): unknown {
  if (!(error instanceof ConfigError && error.code === "unknownOption")) return error;
  const { code, path = "" } = error;
  const hint = didYouMean(path, CONTROLS, 2);
  return hint ? new ConfigError(`${path}: unknown option; ${hint}`, { code, path }) : error;
}

/** Parts a run's options into controls and the description for the kernel. */
export function splitControls<T extends object>(options: (T & RunControls) | undefined): [RunControls, T] {
  const [controls, description] = split<T & RunControls, keyof RunControls>(options, CONTROLS);
  checkSignal(controls.signal);
  check("onProgress", "a function", controls.onProgress, (v) => typeof v === "function");
  check("log", "true or false", controls.log, (v) => typeof v === "boolean");
  check("checkpoint", "{ every, to }", controls.checkpoint, (v) => typeof v === "object" && v !== null);
  if (controls.checkpoint) {
    onlyThese(controls.checkpoint, ["every", "to"], "checkpoint.");
    check("checkpoint.every", "a positive integer", controls.checkpoint.every, positiveInteger, true);
    check("checkpoint.to", "a function", controls.checkpoint.to, (v) => typeof v === "function", true);
  }
  return [controls as RunControls, description as unknown as T];
}

/** A batch is shared in so many parts at most (crates/train/src/session/open.rs). */
const SHARDS = 8;
/** By their tags, which are the same in every realm. */
const wasmTypes = new Set(["ArrayBuffer", "SharedArrayBuffer", "URL", "Response", "WebAssembly.Module"]);

export function checkRuntime(runtime: Runtime | undefined): Runtime {
  const known = onlyThese<Runtime, keyof Runtime>(runtime, ["beside", "workers", "wasm", "worker", "signal"]);
  checkSignal(known.signal);
  const few = (v: unknown) => positiveInteger(v) && (v as number) <= SHARDS;
  check("workers", `an integer from 1 to ${SHARDS}`, known.workers, few);
  check("worker", "a URL", known.worker, (v) => v instanceof URL);
  check(
    "wasm",
    "a URL, bytes, a Response or a WebAssembly.Module",
    known.wasm,
    (v) => ArrayBuffer.isView(v) || wasmTypes.has(Object.prototype.toString.call(v).slice(8, -1)),
  );
  if (known.beside !== undefined) {
    // They are that model's.
    for (const path of ["workers", "wasm", "worker"] as const) {
      if (known[path] !== undefined)
        throw refused(path, "none together with beside", nameOf(known[path]), "conflictingOptions");
    }
  }
  return known;
}

/** Options that the kernel never sees: each of the type named, and no others. */
export function known<T extends object>(options: T | undefined, types: { [K in keyof T]-?: "boolean" }): Partial<T> {
  const names = Object.keys(types) as (keyof T & string)[];
  const taken = onlyThese<T, keyof T & string>(options, names) as Partial<T>;
  for (const name of names) check(name, `a ${types[name]}`, taken[name], (v) => typeof v === types[name]);
  return taken;
}

function onlyThese<T extends object, K extends keyof T & string>(
  options: T | undefined,
  names: readonly K[],
  prefix = "",
): Partial<Pick<T, K>> {
  const [taken, rest] = split(options, names);
  const [stranger] = Object.keys(rest);
  if (stranger === undefined) return taken;
  const path = prefix + stranger;
  const message = `${path}: unknown option; ${didYouMean(stranger, names) ?? `known are ${names.join(", ")}`}`;
  throw new ConfigError(message, { code: "unknownOption", path });
}

export function checkSignal(signal: AbortSignal | undefined): void {
  // By its shape: a polyfill or another realm's will do.
  check(
    "signal",
    "an AbortSignal",
    signal,
    (v) => typeof v === "object" && v !== null && "aborted" in v && "addEventListener" in v,
  );
}

/** Throws the ConfigError of an option that is not what it has to be. */
export function check(
  path: string,
  expected: string,
  value: unknown,
  test: (value: unknown) => boolean,
  required = false,
): void {
  if (value === undefined && !required) return;
  if (!test(value)) throw refused(path, expected, nameOf(value));
}

export function positiveInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

export function refused(path: string, expected: string, received: string, code?: string): ConfigError {
  return new ConfigError(`${path}: expected ${expected}, got ${received}`, { path, expected, received, code });
}
