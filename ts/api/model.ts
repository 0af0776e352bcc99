/** The model as the user holds it: each method encodes, asks the worker, and decodes. */

import { encodeCotangent } from "../data/cotangent.js";
import { decodeTensors, encodeTensors } from "../data/safetensors.js";
import { encodeInputs, encodeSamples } from "../data/samples.js";
import { encodeForecast } from "../data/series.js";
import type { Data, Numbers, Samples, Sequences, Table, Tensor, TensorLike } from "../data/values.js";
import { ConfigError } from "../errors.js";
import type { Placed } from "../worker/protocol.js";
import { check, known, splitControls } from "./controls.js";
import type { Core } from "./core.js";
import { decodeForecast, decodeGradients, decodeMetrics, decodePrediction } from "./decode.js";
import type { Metric, ModelDescription, OnlineOptions, RunDescription, TrainerOptions } from "./description.gen.js";
import { disposable } from "./disposable.js";
import { given, prepareRun } from "./encode.js";
import { findLearningRate } from "./finder.js";
import { type GenerateOptions, StartedGeneration } from "./generate.js";
import { openLearner } from "./learner.js";
import { split, toJson } from "./options.js";
import { startRun } from "./run.js";
import { encodeAny } from "./text.js";
import { openTrainer } from "./trainer.js";
import type {
  FindOptions,
  Generation,
  Gradients,
  Learner,
  Model,
  Prediction,
  RatesFound,
  Run,
  RunControls,
  Trainer,
} from "./types.js";
import { upload } from "./upload.js";

type PredictOptions = NonNullable<Parameters<Model["predict"]>[1]>;
type ForecastOptions = NonNullable<Parameters<Model["forecast"]>[1]>;
type GradientData = Parameters<Model["gradients"]>[0];

export class OpenModel {
  declare [Symbol.asyncDispose]: () => Promise<void>;
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** What stands behind a model of this copy of the package; undefined for anything else. */
  static coreOf(model: unknown): Core | undefined {
    return typeof model === "object" && model !== null && #core in model ? model.#core : undefined;
  }

  get description(): ModelDescription {
    return this.#core.description;
  }

  get parameterCount(): number {
    return this.#core.info.parameterCount;
  }

  summary(): string {
    return this.#core.info.summary;
  }

  fit(data: Data, options?: RunDescription & RunControls): Run {
    return this.#run("fit", data, options);
  }

  resume(data: Data, options?: { epochs?: number; steps?: number } & RunControls): Run {
    return this.#run("resume", data, options);
  }

  trainer(options?: TrainerOptions): Promise<Trainer> {
    return openTrainer(this.#core, options);
  }

  online(options?: OnlineOptions): Promise<Learner> {
    return openLearner(this.#core, options);
  }

  findLearningRate(data: Data, options?: FindOptions): Promise<RatesFound> {
    return findLearningRate(this.#core, data, options);
  }

  async evaluate(
    data: Data,
    options?: { metrics?: readonly Metric[] },
  ): Promise<{ loss: number } & Record<string, number>> {
    if (this.#core.opening) await this.#core.opening;
    const payload = await encodeAny(given(data), this.#core.encoding);
    const send = ([placed]: Placed[], buffers: ArrayBuffer[]) =>
      this.#core.call("evaluate", [placed!, toJson(options)], buffers);
    return decodeMetrics(await upload(this.#core.connection, [payload], send));
  }

  async predict(x: Sequences, options?: PredictOptions): Promise<Prediction> {
    if (this.#core.opening) await this.#core.opening;
    const [{ initialState }, rest] = split(options, ["initialState"]);
    const { encoding } = this.#core;
    const bundle = encodeInputs(x, encoding, initialState);
    return decodePrediction(await this.#core.call("predict", [bundle, toJson(rest)], [bundle.buffer]), encoding);
  }

  async forecast(history: Table, options?: ForecastOptions): Promise<Record<string, Float32Array>> {
    if (this.#core.opening) await this.#core.opening;
    const [{ known }, rest] = split(options, ["known"]);
    check("steps", "a positive integer", rest.steps, (v) => Number.isSafeInteger(v) && (v as number) > 0);
    const { input } = this.#core.encoding;
    if (input.kind !== "series") {
      throw new ConfigError("forecast: the model's input is not a series; use predict", { path: "input.series" });
    }
    const bundle = encodeForecast(history, known, rest.steps, input.plan);
    return decodeForecast(await this.#core.call("forecast", [bundle, toJson(rest)], [bundle.buffer]));
  }

  generate(prompt: string | Numbers, options?: GenerateOptions): Generation {
    return new StartedGeneration(this.#core, prompt, options);
  }

  async gradients(data: GradientData, options?: { values?: boolean }): Promise<Gradients> {
    if (this.#core.opening) await this.#core.opening;
    const { encoding } = this.#core;
    const own = typeof data === "object" && data !== null && "outputGradient" in data;
    const bundle = own ? encodeCotangent(data, encoding) : encodeSamples(data as Samples, encoding);
    return decodeGradients(await this.#core.call("gradients", [bundle, toJson(options)], [bundle.buffer]));
  }

  async parameters(): Promise<Record<string, Tensor>> {
    return decodeTensors(await this.#core.call("parameters", []));
  }

  async setParameters(parameters: Record<string, TensorLike>, options?: { strict?: boolean }): Promise<void> {
    const { strict = true } = known(options, { strict: "boolean" });
    const bundle = encodeTensors(parameters, "parameters");
    await this.#core.call("setParameters", [bundle, strict], [bundle.buffer]);
  }

  async save(options?: { training?: boolean }): Promise<Uint8Array<ArrayBuffer>> {
    const { training = true } = known(options, { training: "boolean" });
    return this.#core.call("save", [training]);
  }

  async dispose(): Promise<void> {
    this.#core.dispose();
  }

  #run(what: "fit" | "resume", data: Data, options: (RunDescription & RunControls) | undefined): Run {
    const core = this.#core;
    const parse = () => {
      const [controls, run] = splitControls<RunDescription>(options);
      const json = toJson(run);
      const { validationData } = controls;
      const prepare = () => prepareRun({ core, data, validationData, run, json, resume: what === "resume" });
      return { controls, prepare };
    };
    return startRun({ core, what, parse });
  }
}

disposable(OpenModel.prototype);
