// The contract that the package's own types must satisfy, type for type (contract.ts checks it both ways).
// Everything marked (later) is refused with a ConfigError that says so until its turn comes; nothing is accepted and ignored.
import type { Metric } from "retrograd";
import type {
  BatchSource,
  Data,
  ModelDescription,
  Numbers,
  RunDescription,
  Samples,
  Sequence,
  Sequences,
  State,
  Table,
  Targets,
  Tensor,
  TensorLike,
} from "./descriptions.js";

export * from "./descriptions.js";

// ── a run: its controls (not JSON) and what it gives ──
export interface RunControls {
  validationData?: Exclude<Data, BatchSource>;
  signal?: AbortSignal;
  onProgress?: (p: Progress) => void;
  log?: boolean;
  /** Sends a checkpoint to the host every so many steps. */
  checkpoint?: { every: number; to: (file: Uint8Array<ArrayBuffer>) => void | Promise<void> };
}
export interface Progress {
  /** Steps are thinned to ten a second; epoch records are never dropped. */
  kind: "step" | "epoch";
  epoch: number; // from 1
  epochs: number;
  /** Updates done, over the whole run; planned. */
  step: number;
  steps: number;
  /** Of the data alone, in the network's units; step: this batch; epoch: mean over elements. */
  loss: number;
  /** Before clipping; share of updates clipped. */
  gradientNorm: number;
  clipped: number;
  learningRate: number;
  /** In the user's units. */
  metrics: Record<string, number>;
  validationLoss?: number;
  validationMetrics?: Record<string, number>;
  elapsed: number; // seconds
  stepsPerSecond: number;
}
export interface History {
  epochs: Progress[];
  steps: { step: Int32Array; loss: Float32Array; gradientNorm: Float32Array; learningRate: Float64Array };
  best?: { epoch: number; validationLoss: number };
  reason: "finished" | "patience" | "seconds" | "target" | "gradientNorm" | "minImprovement" | "stopped";
  warnings: string[];
}
/** A real Promise; starts at once; `break` in `for await` stops it; a failure reported by either way is handled. */
export interface Run extends Promise<History>, AsyncIterable<Progress> {
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<History>;
}

// ── the model ──
/** `values` in the user's units; probabilities for classes. Ragged "every": [B, longest, size], NaN past each of `lengths`. */
export interface Prediction {
  values: Tensor;
  lengths?: Int32Array;
  labels?: string[];
  state: State[];
  hidden?: Tensor[];
}
export interface Gradients {
  loss: number;
  parameters: Record<string, Tensor>;
  input: Tensor;
  initialState: State[];
  /** norms[t] = ‖∂L/∂h_t‖ over the whole batch, for each level and direction. */
  hidden: { layer: string; level: number; direction: "forward" | "reverse"; norms: Float32Array; values?: Tensor }[];
}
/** `state` has not yet read the last token: go on with generate(text.at(-1), { state }). */
export interface Generation
  extends Promise<{ text: string; tokens: Int32Array; state: State[] }>,
    AsyncIterable<string> {}
export interface FindOptions
  extends Omit<
    RunDescription,
    | "epochs"
    | "steps"
    | "seconds"
    | "target"
    | "gradientNorm"
    | "minImprovement"
    | "validationSplit"
    | "patience"
    | "minDelta"
    | "keep"
    | "metrics"
    | "onDivergence"
    | "recordEvery"
  > {
  from?: number;
  to?: number;
  steps?: number;
  smoothing?: number;
  limit?: number;
  signal?: AbortSignal;
}
export interface RatesFound {
  rates: Float64Array;
  losses: Float64Array;
  smoothed: Float64Array;
  suggestion?: number;
}
export interface Model extends AsyncDisposable {
  /** As saved: sizes and vocabulary filled in. */
  readonly description: ModelDescription;
  readonly parameterCount: number;
  summary(): string;
  /** New optimiser state, the weights as they are. */
  fit(data: Data, o?: RunDescription & RunControls): Run;
  /** Goes on with the saved run on the same data (a fingerprint is checked): the same bits as an unbroken one. */
  resume(data: Data, o?: { epochs?: number; steps?: number } & RunControls): Run;
  trainer(
    o?: Pick<
      RunDescription,
      "optimizer" | "clip" | "penalty" | "groups" | "gradientNoise" | "average" | "maxNorm" | "orthogonality" | "seed"
    >,
  ): Promise<Trainer>;
  online(
    o?: { algorithm?: "tbptt" | "rtrl"; truncation?: number } & Pick<RunDescription, "optimizer" | "clip">,
  ): Promise<Learner>; // rtrl (later)
  /** The learning rate range test; the model stays as it is. */
  findLearningRate(data: Exclude<Data, BatchSource>, o?: FindOptions): Promise<RatesFound>;
  evaluate(
    data: Exclude<Data, BatchSource>,
    o?: { metrics?: readonly Metric[] },
  ): Promise<{ loss: number } & Record<string, number>>;
  /** raw: logits, scaled units. hidden: every layer's states. */
  predict(x: Sequences, o?: { initialState?: readonly State[]; raw?: boolean; hidden?: boolean }): Promise<Prediction>;
  forecast(history: Table, o?: { known?: Table; steps?: number }): Promise<Record<string, Float32Array>>;
  generate(
    prompt: string | Numbers,
    o?: {
      length?: number;
      temperature?: number;
      topK?: number;
      stop?: string;
      state?: readonly State[];
      seed?: number;
      signal?: AbortSignal;
    },
  ): Generation;
  gradients(
    data: Samples | { x: Sequences; outputGradient: TensorLike; initialState?: readonly State[] },
    o?: { values?: boolean },
  ): Promise<Gradients>;
  parameters(): Promise<Record<string, Tensor>>;
  setParameters(p: Record<string, TensorLike>, o?: { strict?: boolean }): Promise<void>;
  /** Also during a run, between steps. training: false leaves out the optimiser and the run. */
  save(o?: { training?: boolean }): Promise<Uint8Array<ArrayBuffer>>;
  dispose(): Promise<void>;
}
export interface Trainer {
  step(batch: Samples): Promise<{ loss: number; gradientNorm: number; state: State[] }>;
  apply(g: Record<string, TensorLike>): Promise<void>;
}
/** Owns the model's weights while open. The prediction comes before the update; no target, no update. */
export interface Learner extends AsyncDisposable {
  step(x: number | Numbers, y?: number | Numbers): Promise<{ prediction: Float32Array; loss?: number }>;
  run(x: Sequence, y: Targets): Promise<{ predictions: Tensor; losses: Float32Array }>;
  reset(): Promise<void>;
}
/** Never part of a description. */
export interface Runtime {
  workers?: number;
  wasm?: URL | BufferSource | Response | WebAssembly.Module;
  worker?: URL;
  signal?: AbortSignal;
}
export declare function createModel(d: ModelDescription, r?: Runtime): Promise<Model>;
export declare function loadModel(file: BufferSource | Blob | Response, r?: Runtime): Promise<Model>;
export declare function readSafetensors(file: BufferSource): Record<string, Tensor>;
export declare function writeSafetensors(p: Record<string, TensorLike>): Uint8Array<ArrayBuffer>;

// ── search (later): the space is named by the same paths as errors ──
export declare function search(o: {
  model: ModelDescription;
  fit: RunDescription;
  data: Data;
  space: Record<string, Choice>;
  trials?: number;
  method?: "random" | "grid" | "asha";
  folds?: { kind: "kFold" | "blocked" | "rollingOrigin"; count: number };
  metric?: Metric;
  seed?: number;
  workers?: number;
  signal?: AbortSignal;
}): Search;
export interface Search extends Promise<{ best: Trial; trials: Trial[] }>, AsyncIterable<Trial> {}
export interface Trial {
  index: number;
  values: Record<string, unknown>;
  score: number;
  scores: number[];
  model: ModelDescription;
  fit: RunDescription;
}
export type Choice = { readonly kind: string };
export declare function choice(...v: unknown[]): Choice;
export declare function logUniform(min: number, max: number): Choice;

// ── errors: the subclasses of design.md ──
export declare class RetrogradError extends Error {
  readonly code: string;
  readonly path?: string;
  readonly expected?: string;
  readonly received?: string;
}
/** A second run while one goes on. predict, evaluate, gradients and save are served between steps. */
export declare class BusyError extends RetrogradError {}
