/** Mirrors crates/wasm/src/learner.rs: online learning, one update per time step. */
import type { Model } from "./model.js";

export interface Learner {
  /** [prediction …, loss]; the loss is NaN without a target. */
  step(x: Float32Array, y?: Float32Array): Float32Array;
  /** One sequence with a target for each step, over which `advance` goes. */
  begin(bundle: Uint8Array): void;
  /** At most so many steps of it. With the last one, a bundle of `predictions` [T, O] and `losses` [T] of all, else nothing. */
  advance(steps: number): Uint8Array | undefined;
  /** The state back to zeros, the memory of past steps emptied. */
  reset(): void;
  free(): void;
}

export interface Learners {
  open(model: Model, options: string): Learner;
}
