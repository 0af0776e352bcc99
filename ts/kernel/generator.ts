/** Mirrors crates/wasm/src/generator.rs: tokens drawn one after the other, each fed back. */
import { guard } from "./guard.js";
import type { Model } from "./model.js";
import type { RawGenerator, RawKernel } from "./raw.js";

export class Generator {
  readonly #raw: RawGenerator;
  constructor(raw: RawGenerator) {
    this.#raw = raw;
  }
  static open(kernel: RawKernel, model: Model, options: string, prompt: Uint8Array): Generator {
    return new Generator(guard(() => kernel.Generator.open(model.raw, options, prompt)));
  }
  next(count: number): Uint32Array {
    return guard(() => this.#raw.next(count));
  }
  /** A bundle of the states, which have not yet read the last token. */
  state(): Uint8Array {
    return guard(() => this.#raw.state());
  }
  free(): void {
    guard(() => this.#raw.free());
  }
}
