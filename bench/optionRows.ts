/** Rows of options.ts: what is said with an option, and of both sides. */
import type { Layer, ModelDescription, RunDescription } from "retrograd";
import type { Cell } from "./task.js";

export const CLASSES = 10;

export interface Option {
  run?: RunDescription;
  /** Of the recurrent layer. */
  cell?: object;
  above?: Layer;
  /** Of the embedding that tokens go through. */
  embedding?: object;
  loss?: ModelDescription["loss"];
  /** What each step reads and what it is to give, on both sides; numbers of either sign where nothing is said. */
  data?: "classes" | "tokens" | "positive";
  targets?: "probabilities" | "labels";
  weights?: "sequences" | "steps";
  /** Of the side without too. */
  base?: { run?: RunDescription; cell?: object; above?: Layer };
  /**
   * Units of the session's work that go once over the data, and updates that they are; one each where nothing is said. "some": a unit is an
   * evaluation, of which an update has some.
   */
  units?: number;
  updates?: number | "some";
  /** The cells that have it; all where nothing is said. */
  of?: Cell;
}

type Optimizer = NonNullable<RunDescription["optimizer"]>;
const optimizer = (said: Optimizer): Option => ({ run: { optimizer: said } });
const run = (said: RunDescription, more: Option = {}): Option => ({ ...more, run: said });
const cell = (said: object, of?: Cell): Option => ({ cell: said, ...(of && { of }) });
const above = (layer: Layer): Option => ({ above: layer });
const loss = (said: ModelDescription["loss"], more: Option = {}): Option => ({ ...more, loss: said });
const rate = (learningRate: object): Option => optimizer({ kind: "adam", learningRate } as Optimizer);
const metric = (said: unknown, more: Option = {}) => run({ metrics: [said] } as RunDescription, more);
const lbfgs = (lineSearch: "none" | "strongWolfe"): Option => ({
  ...optimizer({ kind: "lbfgs", lineSearch, maxIterations: 2, toleranceGradient: 0, toleranceChange: 0 }),
  updates: "some",
});

/** `hidden`, `batch`, `steps`: of the task. */
export const optionsOf = (hidden: number, batch: number, steps: number): Record<string, Option> => ({
  "optimizer sgd": optimizer("sgd"),
  "optimizer sgd, momentum": optimizer({ kind: "sgd", momentum: 0.9 }),
  "optimizer sgd, nesterov": optimizer({ kind: "sgd", momentum: 0.9, nesterov: true }),
  "optimizer sgd, hypergradient": optimizer({ kind: "sgd", hypergradient: 1e-6 }),
  "optimizer rmsprop": optimizer({ kind: "rmsprop", learningRate: 1e-4 }),
  "optimizer rmsprop, centred, momentum": optimizer({
    kind: "rmsprop",
    learningRate: 1e-5,
    centered: true,
    momentum: 0.9,
  }),
  "optimizer adam, amsgrad": optimizer({ kind: "adam", amsgrad: true }),
  "optimizer adam, hypergradient": optimizer({ kind: "adam", hypergradient: 1e-8 }),
  "optimizer adamw": optimizer("adamw"),
  "optimizer nadam": optimizer("nadam"),
  "optimizer radam": optimizer("radam"),
  "optimizer adamax": optimizer("adamax"),
  "optimizer adagrad": optimizer({ kind: "adagrad", learningRate: 1e-3 }),
  "optimizer adadelta": optimizer("adadelta"),
  "optimizer asgd": optimizer("asgd"),
  "optimizer rprop": optimizer({ kind: "rprop", learningRate: 1e-4 }),
  "optimizer adafactor": optimizer("adafactor"),
  "optimizer muon": optimizer("muon"),
  "optimizer lion": optimizer({ kind: "lion", learningRate: 1e-4 }),
  "optimizer lamb": optimizer("lamb"),
  "optimizer scheduleFree": optimizer("scheduleFree"),
  "optimizer prodigy": optimizer("prodigy"),
  "optimizer lbfgs (an evaluation)": lbfgs("none"),
  "optimizer lbfgs, strongWolfe (an evaluation)": lbfgs("strongWolfe"),
  "schedule cosineDecay": rate({ kind: "cosineDecay", initial: 1e-3, steps: 1_000_000 }),
  "schedule oneCycle": rate({ kind: "oneCycle", maximum: 1e-3, steps: 1_000_000 }),
  "schedule reduceOnPlateau": rate({ kind: "reduceOnPlateau", initial: 1e-3 }),
  "clip norm": run({ clip: { norm: 1 } }),
  "clip norm 1": run({ clip: { norm: 1, normType: 1 } }),
  "clip norm infinity": run({ clip: { norm: 1e-3, normType: "infinity" } }),
  "clip norm per tensor": run({ clip: { norm: 0.1, per: "tensor" } }),
  "clip value": run({ clip: { value: 1e-3 } }),
  "clip adaptive": run({ clip: { adaptive: 0.01 } }),
  "penalty l1": run({ penalty: { l1: 1e-6 } }),
  "penalty l2": run({ penalty: { l2: 1e-6 } }),
  groups: run({ groups: [{ kinds: ["bias"], learningRateFactor: 0.5 }, {}] }),
  gradientNoise: run({ gradientNoise: { eta: 1e-8 } }),
  gradientAccumulation: run({ gradientAccumulation: 4, batchSize: batch / 4 }, { units: 4 }),
  "average ema": run({ average: { kind: "ema" } }),
  "average swa": run({ average: { kind: "swa" } }),
  maxNorm: run({ maxNorm: 1 }),
  orthogonality: run({ orthogonality: 1e-4 }),
  "truncation, halves (a pass of two updates)": run(
    { truncation: { k1: steps / 2, k2: steps / 2 } },
    { units: 2, updates: 2 },
  ),
  "truncation, k2 = 2 k1 (a pass of two updates)": run(
    { truncation: { k1: steps / 2, k2: steps } },
    { units: 2, updates: 2 },
  ),
  checkpointing: run({ checkpointing: true }),
  "onDivergence rollBack": run({ onDivergence: { rollBack: {} } } as RunDescription),
  "validationSplit, half (trained on the other)": run({ validationSplit: 0.5, patience: 1_000_000 }, { units: 2 }),
  "metric rmse": metric("rmse"),
  "metric r2": metric("r2"),
  "metric accuracy": metric("accuracy", { data: "classes" }),
  "metric topKAccuracy": metric({ kind: "topKAccuracy", k: 3 }, { data: "classes" }),
  "metric f1": metric("f1", { data: "classes" }),
  "metric perplexity": metric("perplexity", { data: "classes" }),
  "sampleWeight, of sequences": { weights: "sequences" },
  "sampleWeight, of steps": { weights: "steps" },
  activationPenalty: cell({ activationPenalty: 1e-3 }),
  temporalPenalty: cell({ temporalPenalty: 1e-3 }),
  "vanishingPenalty (over rnn)": { base: { cell: { kind: "rnn" } }, cell: { vanishingPenalty: 1e-3 } },
  weightNorm: cell({ weightNorm: true }),
  weightDrop: cell({ weightDrop: 0.2 }),
  recurrentDropout: cell({ recurrentDropout: 0.2 }),
  variationalDropout: cell({ variationalDropout: 0.2 }),
  zoneout: cell({ zoneout: 0.1 }),
  zoneoutCell: cell({ zoneoutCell: 0.1 }, "lstm"),
  "normalization layer": cell({ normalization: "layer" }),
  "normalization rms": cell({ normalization: "rms" }),
  "normalization batch": cell({ normalization: "batch" }),
  "initialState learned": cell({ initialState: "learned" }),
  skip: cell({ skip: true }),
  "dropout between levels (over two)": { base: { cell: { numLayers: 2 } }, cell: { dropout: 0.2 } },
  "dropoutShared (over dropout between two levels)": {
    base: { cell: { numLayers: 2, dropout: 0.2 } },
    cell: { dropoutShared: "time" },
  },
  "residual (of a second layer)": {
    base: { above: { kind: "rnn", hiddenSize: hidden } as Layer },
    above: { kind: "rnn", hiddenSize: hidden, residual: true } as Layer,
  },
  "merge sum (over both directions side by side)": { base: { cell: { bidirectional: true } }, cell: { merge: "sum" } },
  "merge product (over the same)": { base: { cell: { bidirectional: true } }, cell: { merge: "product" } },
  peepholes: cell({ peepholes: true }, "lstm"),
  coupled: cell({ coupled: true }, "lstm"),
  "projSize, half": cell({ projSize: hidden / 2 }, "lstm"),
  "reset before": cell({ reset: "before" }, "gru"),
  "minGru (over gru)": cell({ kind: "minGru" }, "gru"),
  "minLstm (over lstm)": cell({ kind: "minLstm" }, "lstm"),
  lru: cell({ kind: "lru" }),
  "irnn (over rnn)": {
    base: { cell: { kind: "rnn" } },
    cell: { activation: "relu", recurrentInit: "identity", recurrentScale: 0.5 },
  },
  dropout: above({ kind: "dropout", rate: 0.2 }),
  "dropout, one mask for all steps": above({ kind: "dropout", rate: 0.2, shared: "time" }),
  noise: above({ kind: "noise", deviation: 0.1 }),
  layerNorm: above({ kind: "layerNorm" }),
  rmsNorm: above({ kind: "rmsNorm" }),
  batchNorm: above({ kind: "batchNorm" }),
  "embedding dropout": { data: "tokens", embedding: { dropout: 0.2 } },
  "loss mae": loss("mae"),
  "loss huber": loss("huber"),
  "loss smoothL1": loss("smoothL1"),
  "loss quantile, three": loss({ kind: "quantile", quantiles: [0.1, 0.5, 0.9] }),
  "loss gaussianNll": loss("gaussianNll"),
  "loss poissonNll": loss("poissonNll", { data: "positive" }),
  "loss binaryCrossEntropy": loss("binaryCrossEntropy", { data: "positive" }),
  "labelSmoothing (over crossEntropy)": loss({ kind: "crossEntropy", labelSmoothing: 0.1 }, { data: "classes" }),
  "classWeights (over crossEntropy)": loss(
    { kind: "crossEntropy", classWeights: Array(CLASSES).fill(0.5) },
    { data: "classes" },
  ),
  "ignoreIndex (over crossEntropy)": loss({ kind: "crossEntropy", ignoreIndex: -100 }, { data: "classes" }),
  "targets probabilities (over crossEntropy)": loss(
    { kind: "crossEntropy", targets: "probabilities" },
    { data: "classes", targets: "probabilities" },
  ),
  "loss klDivergence (over crossEntropy)": loss("klDivergence", { data: "classes", targets: "probabilities" }),
  "loss ctc (over crossEntropy)": loss("ctc", { data: "classes", targets: "labels" }),
});
