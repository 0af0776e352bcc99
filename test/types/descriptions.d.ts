// The contract's data and descriptions: what goes in, and models and runs as plain JSON. api.d.ts has the rest, and says what it is.
// Layer, Optimizer, Schedule, Loss, Metric and Init are generated from the table of descriptions and taken from the package.
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

// ── a run's description: plain JSON ──
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
