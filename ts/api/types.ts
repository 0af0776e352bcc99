/** What a user of the package sees: the model, its runs and their answers. Descriptions are in description.gen.ts, values in data/values.ts. */
import type {
  BatchSource,
  Data,
  Numbers,
  Samples,
  Sequence,
  Sequences,
  State,
  Table,
  Targets,
  Tensor,
  TensorLike,
} from "../data/values.js";
import type { WasmSource } from "../worker/wasm.js";
import type {
  LearningRateRange,
  Metric,
  ModelDescription,
  OnlineOptions,
  RunDescription,
  TrainerOptions,
} from "./description.gen.js";

/** What goes with a run and is no part of its description. */
export interface RunControls {
  /** Validated on after each epoch; instead of a split. There as a whole: a source of batches is refused. */
  validationData?: Exclude<Data, BatchSource>;
  /** Stops the run after the update it is at, and a last look at the validation part; the run rejects with its reason. */
  signal?: AbortSignal;
  onProgress?: (p: Progress) => void;
  /** A progress bar on stderr, or lines on the console of a browser. */
  log?: boolean;
  /** Sends a checkpoint to the host every so many steps. Training goes on meanwhile, but for one checkpoint at a time. */
  checkpoint?: { every: number; to: (file: Uint8Array<ArrayBuffer>) => void | Promise<void> };
}

export interface Progress {
  /** Steps are thinned to ten a second; epoch records are never dropped. */
  kind: "step" | "epoch";
  /** From 1. */
  epoch: number;
  /** Planned; Infinity where only the clock or a source of batches will tell. */
  epochs: number;
  /** Updates done, over the whole run. */
  step: number;
  /** Updates planned; Infinity as above. */
  steps: number;
  /** Of the data alone, in the network's units; step: this batch; epoch: mean over elements. */
  loss: number;
  /** Before clipping. */
  gradientNorm: number;
  /** Share of updates clipped. */
  clipped: number;
  learningRate: number;
  /** In the user's units. */
  metrics: Record<string, number>;
  validationLoss?: number;
  validationMetrics?: Record<string, number>;
  /** Seconds, pauses not counted. */
  elapsed: number;
  stepsPerSecond: number;
}

export interface History {
  epochs: Progress[];
  /** Every `recordEvery` steps. */
  steps: { step: Int32Array; loss: Float32Array; gradientNorm: Float32Array; learningRate: Float64Array };
  best?: { epoch: number; validationLoss: number };
  /** The option by which it ended; "finished": all epochs or steps are done. */
  reason: "finished" | "patience" | "seconds" | "target" | "gradientNorm" | "minImprovement" | "stopped";
  warnings: string[];
}

/** A real Promise; starts at once; `break` in `for await` stops it; a failure reported by either way is handled. */
export interface Run extends Promise<History>, AsyncIterable<Progress> {
  /** Resolves when no update is under way; of a run whose data are still read, once they are. */
  pause(): Promise<void>;
  resume(): void;
  /**
   * Ends the run before its time; the weights to keep are put in place as at any end. A `checkpoint.to` that is still at work
   * is waited for, so that no file is cut short; so is the reading of the data. An abort waits for neither. A custom loss that
   * never returns ends the run with a WorkerError, and the model with it, as after an abort.
   */
  stop(): Promise<History>;
}

/** The rates to try, and what else is said of a run but for its end, its validation and its records; `optimizer` without a rate. */
export interface FindOptions
  extends LearningRateRange,
    Omit<
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
  signal?: AbortSignal;
}

/** Of each update: its rate, the loss of its batch before it, and the smoothed loss. */
export interface RatesFound {
  rates: Float64Array;
  losses: Float64Array;
  smoothed: Float64Array;
  /**
   * The rate where the smoothed loss falls fastest, by the rate's logarithm; a tenth of the steps at the start and the last one are
   * not looked at. Absent where it never falls.
   */
  suggestion?: number;
}

/**
 * `values` in the user's units; probabilities for classes and of yes, rates of counts; for each target its quantiles side by side,
 * [B, size · quantiles]; of Gaussians the means. Ragged "every": [B, longest, size], NaN past each of `lengths`. With `raw`: what the
 * network gives.
 */
export interface Prediction {
  values: Tensor;
  /** Of Gaussians, beside `values`, in the squares of the user's units; not with `raw`. */
  variance?: Tensor;
  lengths?: Int32Array;
  /** The likeliest class of each prediction; "" past the end of a sequence. */
  labels?: string[];
  /** CTC: the labels of each sequence's likeliest alignment. */
  decoded?: string[][];
  state: State[];
  /** With `hidden`: the states of each layer, [B, longest, size]. */
  hidden?: Tensor[];
}

export interface Gradients {
  loss: number;
  /** By PyTorch's names. */
  parameters: Record<string, Tensor>;
  input: Tensor;
  initialState: State[];
  /** norms[t] = ‖∂L/∂h_t‖ over the whole batch, for each level and direction. */
  hidden: { layer: string; level: number; direction: "forward" | "reverse"; norms: Float32Array; values?: Tensor }[];
}

/**
 * Pieces of text as they come; at the end all that was generated, without the prompt.
 * `state` has not yet read the last token: go on with generate(text.at(-1)!, { state }).
 */
export interface Generation
  extends Promise<{ text: string; tokens: Int32Array; state: State[] }>,
    AsyncIterable<string> {}

export interface Model extends AsyncDisposable {
  /** As saved: sizes and vocabulary filled in. */
  readonly description: ModelDescription;
  readonly parameterCount: number;
  /** A table of the layers, their parameters and shapes. */
  summary(): string;
  /** New optimiser state, the weights as they are. */
  fit(data: Data, o?: RunDescription & RunControls): Run;
  /** Goes on with the saved run on the same data (a fingerprint is checked): the same bits as an unbroken one. */
  resume(data: Data, o?: { epochs?: number; steps?: number } & RunControls): Run;
  /** Updates one at a time: on batches, or with gradients of one's own. */
  trainer(o?: TrainerOptions): Promise<Trainer>;
  /** Learns while it predicts, one update per time step. "rtrl" comes in a later version. */
  online(o?: OnlineOptions): Promise<Learner>;
  /**
   * Tries rates that grow from update to update (Smith 2017), until the loss exceeds `limit` times the best. Weights, optimiser
   * and saved run stay as they are, whatever happens: a copy is trained, in this model's worker.
   */
  findLearningRate(data: Exclude<Data, BatchSource>, o?: FindOptions): Promise<RatesFound>;
  evaluate(
    data: Exclude<Data, BatchSource>,
    o?: { metrics?: readonly Metric[] },
  ): Promise<{ loss: number } & Record<string, number>>;
  /** raw: what the network gives (logits, scaled units, raw variances). hidden: every layer's states. */
  predict(x: Sequences, o?: { initialState?: readonly State[]; raw?: boolean; hidden?: boolean }): Promise<Prediction>;
  /**
   * Goes on from the end of the history, in the targets' units: a column for each target. Of a model that gives quantiles it is the
   * one nearest to 0.5, and each stands beside it as "target.quantile.0.9"; of a Gaussian it is the mean, beside "target.variance".
   */
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
  /** Of the loss, or of Σ outputGradient · output; without an update. */
  gradients(
    data: Samples | { x: Sequences; outputGradient: TensorLike; initialState?: readonly State[] },
    o?: { values?: boolean },
  ): Promise<Gradients>;
  parameters(): Promise<Record<string, Tensor>>;
  /** strict (the default): a missing or unexpected name is an error. */
  setParameters(p: Record<string, TensorLike>, o?: { strict?: boolean }): Promise<void>;
  /** Also during a run, between steps. training: false leaves out the optimiser and the run. */
  save(o?: { training?: boolean }): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * What is pending rejects with DisposedError. Ends the worker at once, unless other models live in it (`beside`): they are
   * left as they are. Again: nothing.
   */
  dispose(): Promise<void>;
}

export interface Trainer {
  step(batch: Samples): Promise<{ loss: number; gradientNorm: number; state: State[] }>;
  /** One update with these gradients, by name. */
  apply(g: Record<string, TensorLike>): Promise<void>;
}

/** Owns the model's weights while open. The prediction comes before the update; no target, no update. */
export interface Learner extends AsyncDisposable {
  /** Of a Gaussian, mean and variance of each target stand side by side. */
  step(x: number | Numbers, y?: number | Numbers): Promise<{ prediction: Float32Array; loss?: number }>;
  /**
   * A step with its target for each of the sequence, in slices of time: the model is asked for other things in between, and what is
   * asked of the learner meanwhile comes after it. Disposing of the learner gives it up with DisposedError; what was learned stays.
   */
  run(x: Sequence, y: Targets): Promise<{ predictions: Tensor; losses: Float32Array }>;
  /** Back to the initial states: zeros, or those that the model learns. */
  reset(): Promise<void>;
}

/** Never part of a description. */
export interface Runtime {
  /**
   * Another model, in whose worker this one shall live, and with as many `workers`: many small models need no worker each.
   * They take turns, in slices of about 9 ms, and at least one update. With `workers` they are of about 20 ms, and as its turn may
   * be spent on waiting for the other workers' shares, of 50 ms and one update at most. Disposing of one leaves the others as
   * they are; the worker ends with the last of them, and should it die, all of them reject with WorkerError. Alone or with `signal`.
   */
  beside?: Model;
  /**
   * Workers that share each batch of a `fit`, 1 … 8. A batch is then cut into eight shards, whatever the number of workers, so that
   * the bits are the same for any of them; without `workers` it is not cut, and its sums are rounded otherwise. A run that is
   * resumed keeps the shards that it was begun with.
   */
  workers?: number;
  /** The kernel, for the entry without one inside, or compiled beforehand. */
  wasm?: WasmSource;
  /** The worker's script, where a policy forbids Blob URLs. */
  worker?: URL;
  /** Gives up opening the model. */
  signal?: AbortSignal;
}
