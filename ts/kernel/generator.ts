/** Mirrors crates/wasm/src/generator.rs: tokens drawn one after the other, each fed back. */
import type { Model } from "./model.js";

export interface Generator {
  /** At most `count` tokens; none: the length or the stop string is reached. */
  next(count: number): Uint32Array;
  /** A bundle of the states, which have not yet read the last token. */
  state(): Uint8Array;
  free(): void;
}

export interface Generators {
  open(model: Model, options: string, prompt: Uint8Array): Generator;
}
