/** Mirrors crates/wasm/src/learner.rs: online learning, one update per time step. */
import { guard } from "./guard.js";
import type { Model } from "./model.js";
import type { RawKernel, RawLearner } from "./raw.js";

export class Learner {
  readonly #raw: RawLearner;
  constructor(raw: RawLearner) {
    this.#raw = raw;
  }
  static open(kernel: RawKernel, model: Model, options: string): Learner {
    return new Learner(guard(() => kernel.Learner.open(model.raw, options)));
  }
  /** [prediction …, loss]; the loss is NaN without a target. */
  step(x: Float32Array, y?: Float32Array): Float32Array {
    return guard(() => this.#raw.step(x, y));
  }
  /** A bundle of `predictions` [T, O] and `losses` [T]. */
  run(bundle: Uint8Array): Uint8Array {
    return guard(() => this.#raw.run(bundle));
  }
  /** The state back to zeros, the memory of past steps emptied. */
  reset(): void {
    guard(() => this.#raw.reset());
  }
  free(): void {
    guard(() => this.#raw.free());
  }
}
