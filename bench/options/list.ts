/** The options that options.ts measures, each with what it is compared with. */
import type { Layer, ModelDescription, RunDescription } from "retrograd";
import { type Cell, middle, type Shape } from "../task.js";

/** A model and a run, where they are not the plain ones: the recurrent layer alone, one number at every step, Adam. */
export interface Setting {
  run?: RunDescription | ((shape: Shape) => RunDescription);
  /** Of the recurrent layer. */
  cell?: object;
  /** Above it, and below it. */
  above?: Layer;
  below?: Layer;
  /** Tokens are read in place of numbers. */
  tokens?: true;
  loss?: ModelDescription["loss"];
  /** Numbers in a prediction. */
  size?: number;
  /** What is predicted at every step in place of numbers: of ten classes one, yes or no, or the labels of a sequence. */
  targets?: "classes" | "yesOrNo" | "labels";
}

export interface Option extends Setting {
  /** What it is measured over, if it is not the plain setting. */
  over?: Setting;
  /** The cell that has it. All but rnn, where nothing is said. */
  of?: Cell;
}

export const CLASSES = 10;
export const TOKENS = 256;

type Optimizer = NonNullable<RunDescription["optimizer"]>;
const optimizer = (said: Optimizer): Option => ({ run: { optimizer: said } });
const rate = (learningRate: Extract<Optimizer, { kind: "adam" }>["learningRate"]): Option => ({
  run: { optimizer: { kind: "adam", learningRate: learningRate! } },
});
const run = (said: RunDescription): Option => ({ run: said });
const cell = (said: object, of?: Cell): Option => ({ cell: said, ...(of && { of }) });
const above = (layer: Layer): Option => ({ above: layer });
const loss = (said: ModelDescription["loss"], setting: Setting = {}): Option => ({ ...setting, loss: said });
const classes = (said: ModelDescription["loss"]): Option => ({
  targets: "classes",
  loss: said,
  over: { targets: "classes" },
});
const metrics = (...names: NonNullable<RunDescription["metrics"]>): Option => run({ metrics: names });
/** Of one level over two, whose dropout is between them. */
const between = (said: object): Option => ({ cell: { numLayers: 2, ...said }, over: { cell: { numLayers: 2 } } });
/** Updates of a schedule: more than any measurement makes. */
const LONG = 1_000_000;
const vectors = (said: object): Setting => ({ tokens: true, below: { kind: "embedding", units: 32, ...said } });
const wolfe = { kind: "lbfgs", lineSearch: "strongWolfe", toleranceGradient: 0, toleranceChange: 0 } as const;

export const options: Record<string, Option> = {
  "optimizer sgd": optimizer("sgd"),
  "optimizer sgd, momentum": optimizer({ kind: "sgd", momentum: 0.9 }),
  "optimizer sgd, nesterov": optimizer({ kind: "sgd", momentum: 0.9, nesterov: true }),
  "optimizer sgd, hypergradient": optimizer({ kind: "sgd", hypergradient: 1e-6 }),
  "optimizer rmsprop": optimizer("rmsprop"),
  "optimizer rmsprop, centred, momentum": optimizer({ kind: "rmsprop", centered: true, momentum: 0.9 }),
  "optimizer adam, amsgrad": optimizer({ kind: "adam", amsgrad: true }),
  "optimizer adam, hypergradient": optimizer({ kind: "adam", hypergradient: 1e-8 }),
  "optimizer adamw": optimizer("adamw"),
  "optimizer nadam": optimizer("nadam"),
  "optimizer radam": optimizer("radam"),
  "optimizer adamax": optimizer("adamax"),
  "optimizer adagrad": optimizer("adagrad"),
  "optimizer adadelta": optimizer("adadelta"),
  "optimizer asgd": optimizer("asgd"),
  "optimizer rprop": optimizer({ kind: "rprop", learningRate: 1e-4 }),
  "optimizer adafactor": optimizer("adafactor"),
  "optimizer muon": optimizer("muon"),
  "optimizer lion": optimizer("lion"),
  "optimizer lamb": optimizer("lamb"),
  "optimizer scheduleFree": optimizer("scheduleFree"),
  "optimizer prodigy": optimizer("prodigy"),
  "optimizer lbfgs (an evaluation)": optimizer({ ...wolfe, lineSearch: "none" }),
  "optimizer lbfgs, strong Wolfe (an evaluation)": optimizer(wolfe),
  "schedule cosineDecay": rate({ kind: "cosineDecay", initial: 1e-3, steps: LONG }),
  "schedule oneCycle": rate({ kind: "oneCycle", maximum: 1e-3, steps: LONG }),
  "schedule warmup": rate({ kind: "warmup", steps: 100, to: 1e-3 }),
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
  "average ema": run({ average: { kind: "ema" } }),
  "average swa": run({ average: { kind: "swa" } }),
  "gradientAccumulation (half a batch)": { run: ({ batch }) => ({ batchSize: batch / 2, gradientAccumulation: 2 }) },
  maxNorm: run({ maxNorm: 1 }),
  orthogonality: run({ orthogonality: 1e-4 }),
  activationPenalty: cell({ activationPenalty: 1e-3 }),
  temporalPenalty: cell({ temporalPenalty: 1e-3 }),
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
  peepholes: cell({ peepholes: true }, "lstm"),
  coupled: cell({ coupled: true }, "lstm"),
  "projSize, half": cell({ projSize: middle[0]!.shape.hiddenSize / 2 }, "lstm"),
  "reset before": cell({ reset: "before" }, "gru"),
  vanishingPenalty: cell({ vanishingPenalty: 1e-3 }, "rnn"),
  "activation relu": cell({ activation: "relu", recurrentInit: "identity" }, "rnn"),
  "no bias": cell({ bias: false }),
  "dropout between levels": between({ dropout: 0.2 }),
  "dropout between levels, one mask for all steps": between({ dropout: 0.2, dropoutShared: "time" }),
  "cell minLstm": cell({ kind: "minLstm" }, "lstm"),
  "cell minGru": cell({ kind: "minGru" }, "gru"),
  "cell lru": cell({ kind: "lru" }, "rnn"),
  dropout: above({ kind: "dropout", rate: 0.2 }),
  "dropout, one mask for all steps": above({ kind: "dropout", rate: 0.2, shared: "time" }),
  "noise on the input": { below: { kind: "noise", deviation: 0.1 } },
  "dropout of tokens": { ...vectors({ dropout: 0.2 }), over: vectors({}) },
  layerNorm: above({ kind: "layerNorm" }),
  rmsNorm: above({ kind: "rmsNorm" }),
  batchNorm: above({ kind: "batchNorm" }),
  "loss mae": loss("mae"),
  "loss huber": loss("huber"),
  "loss smoothL1": loss("smoothL1"),
  "loss quantile, three": loss({ kind: "quantile", quantiles: [0.1, 0.5, 0.9] }),
  "loss gaussianNll": loss("gaussianNll"),
  "loss poissonNll": loss("poissonNll", { targets: "yesOrNo" }),
  "loss binaryCrossEntropy": loss("binaryCrossEntropy", { targets: "yesOrNo" }),
  "loss crossEntropy, ten classes": { targets: "classes" },
  "loss ctc, beside crossEntropy": { targets: "labels", loss: "ctc", over: { targets: "classes" } },
  labelSmoothing: classes({ kind: "crossEntropy", labelSmoothing: 0.1 }),
  classWeights: classes({ kind: "crossEntropy", classWeights: Array(CLASSES).fill(0.5) }),
  ignoreIndex: classes({ kind: "crossEntropy", ignoreIndex: -100 }),
  "metrics rmse, mae, r2": metrics("rmse", "mae", "r2"),
  "metrics accuracy, f1": { targets: "classes", run: { metrics: ["accuracy", "f1"] }, over: { targets: "classes" } },
  "truncation (half the steps)": { run: ({ steps }) => ({ truncation: { k1: steps / 2, k2: steps / 2 } }) },
  checkpointing: run({ checkpointing: true }),
  "validation on a fifth (updates and validations)": run({ validationSplit: 0.2, patience: LONG }),
  onDivergence: run({ onDivergence: { rollBack: {} } }),
};
