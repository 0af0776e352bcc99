/** Mirrors crates/wasm/src/trainer.rs: single updates, on a batch or by given gradients. */
import { guard } from "./guard.js";
import type { Model } from "./model.js";
import type { RawKernel, RawTrainer } from "./raw.js";

export class Trainer {
  readonly #raw: RawTrainer;
  constructor(raw: RawTrainer) {
    this.#raw = raw;
  }
  static open(kernel: RawKernel, model: Model, run: string): Trainer {
    return new Trainer(guard(() => kernel.Trainer.open(model.raw, run)));
  }
  /** A bundle of `loss`, `gradientNorm` and the final states. */
  step(bundle: Uint8Array): Uint8Array {
    return guard(() => this.#raw.step(bundle));
  }
  apply(gradients: Uint8Array): void {
    guard(() => this.#raw.apply(gradients));
  }
  free(): void {
    guard(() => this.#raw.free());
  }
}
