/**
 * The handles of crates/wasm as wasm-bindgen types them: strings of JSON, bytes of bundles, numbers.
 * Written out here so that the worker can be tested with a kernel of a few lines; load.ts checks it against the built one.
 */

export interface RawModel {
  description(): string;
  /** Fills a vocabulary that was left open. */
  complete(description: string): void;
  parameterCount(): number;
  summary(): string;
  parameters(): Uint8Array;
  setParameters(bundle: Uint8Array, strict: boolean): void;
  save(training: boolean): Uint8Array;
  predict(bundle: Uint8Array, options: string): Uint8Array;
  evaluate(bundle: Uint8Array, options: string): string;
  gradients(bundle: Uint8Array, options: string): Uint8Array;
  forecast(bundle: Uint8Array, options: string): Uint8Array;
  free(): void;
}

export interface RawSession {
  /** At most so many updates or validation batches; the answer is a Status of session.ts. */
  run(units: number): number;
  records(): Float64Array;
  info(): string;
  supply(bundle: Uint8Array): void;
  /** After `needsGradients`: the sums over this worker's shards; those of another worker. */
  contribution(): Uint8Array;
  merge(contribution: Uint8Array): void;
  save(): Uint8Array;
  stop(): void;
  /** The handle is gone after this. */
  finish(): string;
  free(): void;
}

export interface RawTrainer {
  step(bundle: Uint8Array): Uint8Array;
  apply(gradients: Uint8Array): void;
  free(): void;
}

export interface RawLearner {
  step(x: Float32Array, y?: Float32Array): Float32Array;
  run(bundle: Uint8Array): Uint8Array;
  reset(): void;
  free(): void;
}

export interface RawGenerator {
  /** At most `count` tokens; none: the length or the stop string is reached. */
  next(count: number): Uint32Array;
  state(): Uint8Array;
  free(): void;
}

export interface RawKernel {
  readonly Model: { create(description: string): RawModel; load(file: Uint8Array): RawModel };
  readonly Session: {
    /** `parallel`: JSON of the number of workers and the index of this one, or empty. */
    fit(
      model: RawModel,
      data: Uint8Array,
      run: string,
      validation: Uint8Array | undefined,
      parallel: string,
    ): RawSession;
    resume(
      model: RawModel,
      data: Uint8Array,
      changes: string,
      validation: Uint8Array | undefined,
      parallel: string,
    ): RawSession;
  };
  readonly Trainer: { open(model: RawModel, run: string): RawTrainer };
  readonly Learner: { open(model: RawModel, options: string): RawLearner };
  readonly Generator: { open(model: RawModel, options: string, prompt: Uint8Array): RawGenerator };
}
