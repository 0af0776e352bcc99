/**
 * Mirrors crates/wasm/src/model.rs: a network with its weights and its encoding, owned by wasm.
 * Descriptions and options are JSON as the user gave them: the kernel's table of descriptions checks them.
 */
import type { Reader } from "./reader.js";

/** The kernel asks it for some rows, and reads the gradient `[n, O]` that it writes. Never throws: NaN says that it failed. */
export interface OwnLoss {
  /** The sum of the losses of `prediction [n, O]` against `target [n, size]`, or of classes `[n]`. */
  sum(prediction: Float32Array, target: Float32Array, gradient: Float32Array): number;
}

export interface Model {
  /** JSON, with what data has filled in. */
  description(): string;
  /** Where the description has a custom loss: before anything is asked that needs it. */
  setOwnLoss(own: OwnLoss): void;
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
