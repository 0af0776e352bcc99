/** Mirrors crates/wasm/src/learner.rs: online learning, one update per time step. */
import type { Model } from "./model.js";

export interface Learner {
  /** [prediction …, loss]; the loss is NaN without a target. */
  step(x: Float32Array, y?: Float32Array): Float32Array;
  /** A bundle of `predictions` [T, O] and `losses` [T]. */
  run(bundle: Uint8Array): Uint8Array;
  /** The state back to zeros, the memory of past steps emptied. */
  reset(): void;
  free(): void;
}

export interface Learners {
  open(model: Model, options: string): Learner;
}
