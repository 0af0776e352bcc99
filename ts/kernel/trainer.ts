/** Mirrors crates/wasm/src/trainer.rs: single updates, on a batch or by given gradients. */
import type { Model } from "./model.js";

export interface Trainer {
  /** A bundle of `loss`, `gradientNorm` and the final states. */
  step(bundle: Uint8Array): Uint8Array;
  apply(gradients: Uint8Array): void;
  free(): void;
}

export interface Trainers {
  open(model: Model, run: string): Trainer;
}
