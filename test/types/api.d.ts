// The contract that the package's own types must satisfy, type for type (contract.ts checks it both ways).
// Layer, Optimizer, Schedule, Loss, Metric and Init are generated from the table of descriptions and taken from the package.
// Everything marked (later) is refused with a ConfigError that says so until its turn comes; nothing is accepted and ignored.

// ── values ──
export type Numbers = readonly number[] | Float32Array | Float64Array | Int32Array;
/** Row-major. */
export interface TensorLike {
  readonly shape: readonly number[];
  readonly data: Numbers;
}
export type Nested = (number | Nested)[];
export interface Tensor extends TensorLike {
  readonly data: Float32Array;
  toArray(): Nested;
}
/** One sequence: [time] if a step is one number or one token, else [time][size]; a string where the input is text. */
export type Sequence = Numbers | readonly Numbers[] | string;
/** The first axis is always the batch: one sequence is `[s]`. Lengths may differ. Buffers are copied, never detached. */
export type Sequences = readonly Sequence[] | TensorLike; // [B, T, size]
/** at "last": one per sequence (number, [size], class index or label); at "every": one such list per sequence. */
export type Targets =
  | Numbers
  | readonly string[]
  | readonly (Numbers | readonly Numbers[] | readonly string[])[]
  | TensorLike;
/** As in PyTorch: [numLayers · directions, B, H]. One entry for each recurrent layer. */
export interface State {
  h: TensorLike;
  c?: TensorLike;
}
/** A weight of 0 masks a sequence or a step. */
export interface Samples {
  x: Sequences;
  y: Targets;
  sampleWeight?: Numbers | readonly Numbers[];
  initialState?: readonly State[];
}
/** Columns, or rows as CSV readers give them. */
export type Table =
  | Record<string, ArrayLike<number | string | Date>>
  | readonly Record<string, number | string | Date>[];
/** Ready batches; called for each pass with the number of its batches already used and the passes before, so that a resumed run is exact. */
export type BatchSource = (start: number, pass: number) => Iterable<Samples> | AsyncIterable<Samples>;
/** A string is one text. */
export type Data = Samples | Table | string | BatchSource;

// ── the model's description: plain JSON ──
/** Constants come from the training part of the first fit and are saved in the model. */
export type Scale = "none" | "standard" | "minMax";
export interface Series {
  target: readonly string[];
  past?: readonly string[];
  /** Known over the horizon too (price, holiday). */
  known?: readonly string[];
  time?: string;
  /** Derived from `time`; known. */
  calendar?: readonly ("hour" | "dayOfWeek" | "dayOfYear" | "month")[];
  window: number;
  horizon: number;
  /** direct: step t also sees known[t+1 … t+horizon] and the head gives horizon × targets. recursive: one step, fed back. */
  mode?: "direct" | "recursive";
  transform?: "none" | "log";
  difference?: number;
  scale?: Scale; // "standard"
}
export type Input =
  | { size: number; scale?: Scale }
  | { vocabulary: number | "characters" | readonly string[] }
  | { series: Series };
/** at "last": each direction's state after its own last valid step. */
export type Output =
  | { at: "last" | "every"; size?: number; scale?: Scale }
  | { at: "last" | "every"; classes: number | readonly string[] };
export interface ModelDescription {
  input: Input;
  layers: readonly Layer[];
  /** Absent: the series' targets, the next token, or the last layer's own size. */
  output?: Output;
  /** Follows from the output when absent. */
  loss?: Loss;
  init?: "default" | "pytorch" | Init;
  seed?: number; // 0
}
export interface Recurrent {
  hiddenSize: number;
  numLayers?: number;
  bidirectional?: boolean;
  merge?: "concat" | "sum" | "mean" | "product";
  residual?: boolean;
  skip?: boolean;
  initialState?: "zeros" | "learned";
  dropout?: number;
  dropoutShared?: "time";
  activationPenalty?: number;
  temporalPenalty?: number;
  weightNorm?: boolean;
  bias?: boolean;
  name?: string;
  trainable?: boolean;
}
/** Of cells with recurrent weights. */
interface RecurrentWeights {
  recurrentInit?: "glorotUniform" | "orthogonal" | "identity" | "uniform" | "zeros";
  recurrentScale?: number;
  weightDrop?: number;
}
/** Inside a cell; a name alone stands for the kind with its defaults. */
export type CellNormalization =
  | "layer"
  | "rms"
  | "batch"
  | { kind: "layer" | "rms"; epsilon?: number }
  | { kind: "batch"; maxSteps?: number; momentum?: number; epsilon?: number };
export declare function lstm(
  o: Recurrent &
    RecurrentWeights & {
      forgetBias?: number;
      peepholes?: boolean;
      coupled?: boolean;
      projSize?: number;
      normalization?: CellNormalization;
      recurrentDropout?: number;
      variationalDropout?: number;
      zoneout?: number;
      zoneoutCell?: number;
    },
): Layer;
export declare function gru(
  o: Recurrent &
    RecurrentWeights & {
      reset?: "after" | "before";
      normalization?: CellNormalization;
      recurrentDropout?: number;
      variationalDropout?: number;
      zoneout?: number;
    },
): Layer;
export declare function rnn(
  o: Recurrent &
    RecurrentWeights & {
      activation?: "tanh" | "relu";
      normalization?: CellNormalization;
      variationalDropout?: number;
      zoneout?: number;
      vanishingPenalty?: number;
    },
): Layer;
/** `units` of the last layer follow from the output. */
export declare function dense(o?: {
  units?: number;
  activation?: "linear" | "relu" | "tanh";
  bias?: boolean;
  weightNorm?: boolean;
  name?: string;
  trainable?: boolean;
}): Layer;
export declare function embedding(o: { units: number; dropout?: number; name?: string; trainable?: boolean }): Layer;
export declare function dropout(o: { rate: number; shared?: "time" }): Layer;
export declare function noise(o: { deviation: number }): Layer;
export declare function layerNorm(o?: { epsilon?: number; bias?: boolean; name?: string; trainable?: boolean }): Layer;
export declare function rmsNorm(o?: { epsilon?: number; name?: string; trainable?: boolean }): Layer;
export declare function batchNorm(o?: {
  momentum?: number;
  epsilon?: number;
  name?: string;
  trainable?: boolean;
}): Layer;

// ── a run: its description (JSON) and its controls (not JSON) ──
export type Rate = number | Schedule;
export declare function adam(o?: { learningRate?: Rate; beta1?: number; beta2?: number; epsilon?: number }): Optimizer;
export declare function adamw(o?: {
  learningRate?: Rate;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
}): Optimizer;
export declare function sgd(o?: { learningRate?: Rate; momentum?: number; nesterov?: boolean }): Optimizer;
export declare function rmsprop(o?: {
  learningRate?: Rate;
  alpha?: number;
  momentum?: number;
  centered?: boolean;
  epsilon?: number;
}): Optimizer;
export declare function stepDecay(o: { initial: number; every: number; factor: number }): Schedule;
export declare function cosineDecay(o: { initial: number; steps: number; warmup?: number; final?: number }): Schedule;
export interface RunDescription {
  epochs?: number;
  steps?: number;
  seconds?: number;
  batchSize?: number | "full"; // 32, or fewer when there are fewer
  gradientAccumulation?: number; // 1
  shuffle?: boolean;
  optimizer?: Optimizer | Exclude<Optimizer["kind"], "hypergradient">;
  /** `norm` is that of all gradients together. */
  clip?: ClipNorm | ClipValue | ClipAdaptive | "none";
  /** On weights, not biases; not part of the reported loss. */
  penalty?: Penalty;
  groups?: readonly ParameterGroup[];
  gradientNoise?: GradientNoise;
  average?: Average;
  maxNorm?: number;
  orthogonality?: number;
  /** Text and long streams: window length (128); carryState: the state runs on into the next window. */
  window?: number;
  carryState?: boolean;
  truncation?: { k1: number; k2: number };
  /** A number is taken from the end, as in Keras; a class missing from the training part is a DataError. */
  validationSplit?: number | { fraction: number; from: "end" | "random" };
  patience?: number;
  keep?: "best" | "last";
  metrics?: readonly Metric[];
  /** Steps between records of the history: counted, never timed. */
  recordEvery?: number;
  seed?: number;
}
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

// ── generated elsewhere ──
import type {
  Average,
  ClipAdaptive,
  ClipNorm,
  ClipValue,
  GradientNoise,
  Init,
  Layer,
  Loss,
  Metric,
  Optimizer,
  ParameterGroup,
  Penalty,
  Schedule,
} from "retrograd";
export type Choice = { readonly kind: string };
