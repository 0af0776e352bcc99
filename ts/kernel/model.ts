/**
 * Mirrors crates/wasm/src/model.rs: a network with its weights and its encoding, owned by wasm.
 * Descriptions and options are JSON as the user gave them: the kernel's table of descriptions checks them.
 */
import type { Reader } from "./reader.js";

export interface Model {
  /** JSON, with what data has filled in. */
  description(): string;
  parameterCount(): number;
  summary(): string;
  parameters(): Uint8Array;
  setParameters(bundle: Uint8Array, strict: boolean): void;
  save(training: boolean): Uint8Array;
  predict(bundle: Uint8Array, options: string): Uint8Array;
  /** JSON of `loss` and a number for each metric; null where it is not finite. */
  evaluate(data: Reader, options: string): string;
  gradients(bundle: Uint8Array, options: string): Uint8Array;
  forecast(bundle: Uint8Array, options: string): Uint8Array;
  free(): void;
}

export interface Models {
  create(description: string): Model;
  load(file: Uint8Array): Model;
}
