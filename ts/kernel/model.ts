/**
 * Mirrors crates/wasm/src/model.rs: a network with its weights and its encoding, owned by wasm.
 * Options are JSON as the user gave them: the kernel's table of descriptions checks them.
 */
import { guard } from "./guard.js";
import type { RawKernel, RawModel } from "./raw.js";

export class Model {
  readonly raw: RawModel;
  constructor(raw: RawModel) {
    this.raw = raw;
  }
  static create(kernel: RawKernel, description: string): Model {
    return new Model(guard(() => kernel.Model.create(description)));
  }
  static load(kernel: RawKernel, file: Uint8Array): Model {
    return new Model(guard(() => kernel.Model.load(file)));
  }
  /** JSON, with what data has filled in. */
  description(): string {
    return guard(() => this.raw.description());
  }
  complete(description: string): void {
    guard(() => this.raw.complete(description));
  }
  parameterCount(): number {
    return guard(() => this.raw.parameterCount());
  }
  summary(): string {
    return guard(() => this.raw.summary());
  }
  parameters(): Uint8Array {
    return guard(() => this.raw.parameters());
  }
  setParameters(bundle: Uint8Array, strict: boolean): void {
    guard(() => this.raw.setParameters(bundle, strict));
  }
  save(training: boolean): Uint8Array {
    return guard(() => this.raw.save(training));
  }
  predict(bundle: Uint8Array, options: string): Uint8Array {
    return guard(() => this.raw.predict(bundle, options));
  }
  /** `loss` and a number for each metric; null where it is not finite. */
  evaluate(bundle: Uint8Array, options: string): Record<string, number | null> {
    return JSON.parse(guard(() => this.raw.evaluate(bundle, options)));
  }
  gradients(bundle: Uint8Array, options: string): Uint8Array {
    return guard(() => this.raw.gradients(bundle, options));
  }
  forecast(bundle: Uint8Array, options: string): Uint8Array {
    return guard(() => this.raw.forecast(bundle, options));
  }
  free(): void {
    guard(() => this.raw.free());
  }
}
