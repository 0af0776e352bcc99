/** Updates one at a time; its optimiser's state lives in the worker. */
import { Bundle } from "../data/bundle.js";
import { encodeTensors } from "../data/safetensors.js";
import { encodeSamples } from "../data/samples.js";
import { readStates } from "../data/states.js";
import type { Samples, State, TensorLike } from "../data/values.js";
import type { Core } from "./core.js";
import type { RunDescription } from "./description.gen.js";
import { toJson } from "./options.js";
import type { Trainer } from "./types.js";

export async function openTrainer(core: Core, options: RunDescription | undefined): Promise<Trainer> {
  return new OpenTrainer(core, await core.call("openTrainer", [toJson(options)]));
}

class OpenTrainer implements Trainer {
  readonly #core: Core;
  readonly #number: number;

  constructor(core: Core, number: number) {
    this.#core = core;
    this.#number = number;
  }

  async step(batch: Samples): Promise<{ loss: number; gradientNorm: number; state: State[] }> {
    const bundle = encodeSamples(batch, this.#core.encoding);
    const answer = Bundle.read(await this.#core.call("trainerStep", [this.#number, bundle], [bundle.buffer]));
    const number = (name: string) => answer.f64(name)[0] as number;
    return { loss: number("loss"), gradientNorm: number("gradientNorm"), state: readStates(answer) };
  }

  async apply(gradients: Record<string, TensorLike>): Promise<void> {
    const bundle = encodeTensors(gradients, "gradients");
    await this.#core.call("trainerApply", [this.#number, bundle], [bundle.buffer]);
  }
}
