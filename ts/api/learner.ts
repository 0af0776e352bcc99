/** Online learning. Its steps go over a plain port, since there may be thousands a second; answers come in order. */
import { Bundle } from "../data/bundle.js";
import { encodeStream } from "../data/samples.js";
import { encodeStep, encodeStepTarget } from "../data/steps.js";
import type { Numbers, Sequence, Targets, Tensor } from "../data/values.js";
import { DisposedError, fromRecord } from "../errors.js";
import type { LearnerAnswer, LearnerCall } from "../worker/protocol.js";
import type { Core } from "./core.js";
import { disposable } from "./disposable.js";
import { toJson } from "./options.js";
import type { Learner } from "./types.js";

export async function openLearner(core: Core, options: object | undefined): Promise<Learner> {
  const { port1, port2 } = new MessageChannel();
  try {
    await core.call("openLearner", [toJson(options), port2], [port2]);
    return new OpenLearner(core, port1);
  } catch (error) {
    port1.close();
    throw error;
  }
}

const unreadable: LearnerAnswer = {
  ok: false,
  error: { class: "WorkerError", code: "unreadable", message: "an answer of the learner could not be read" },
};

type Value = Float32Array | Uint8Array | undefined;

class OpenLearner {
  declare [Symbol.asyncDispose]: () => Promise<void>;
  readonly #core: Core;
  readonly #port: MessagePort;
  /** Who waits, first come first served. */
  readonly #waiting: ((answer: LearnerAnswer) => void)[] = [];
  #closed: Promise<void> | undefined;

  constructor(core: Core, port: MessagePort) {
    this.#core = core;
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<LearnerAnswer>) => this.#waiting.shift()?.(data);
    port.onmessageerror = () => this.#waiting.shift()?.(unreadable);
    (port as { unref?: () => void }).unref?.();
  }

  async step(x: number | Numbers, y?: number | Numbers): Promise<{ prediction: Float32Array; loss?: number }> {
    const { encoding } = this.#core;
    const call: LearnerCall = { kind: "step", x: encodeStep(x, encoding) };
    const target = y === undefined ? undefined : encodeStepTarget(y, encoding);
    if (target) call.y = target;
    const answer = (await this.#call(call)) as Float32Array;
    const loss = answer.at(-1) as number;
    // Without a target there is no loss; with one that has left the finite numbers, NaN is the answer.
    return { prediction: answer.slice(0, -1), ...(target && { loss }) };
  }

  async run(x: Sequence, y: Targets): Promise<{ predictions: Tensor; losses: Float32Array }> {
    const bundle = encodeStream(x, y, this.#core.encoding);
    const answer = Bundle.read((await this.#call({ kind: "run", bundle }, [bundle.buffer])) as Uint8Array);
    return { predictions: answer.tensor("predictions"), losses: answer.f32("losses").slice() };
  }

  async reset(): Promise<void> {
    await this.#call({ kind: "reset" });
  }

  /** Gives the weights back. */
  dispose(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.#send({ kind: "close" });
    } catch {
      // The model is gone, and this with it.
    }
    this.#port.close();
  }

  #call(call: LearnerCall, transfer: Transferable[] = []): Promise<Value> {
    if (this.#closed) return Promise.reject(new DisposedError("the learner has been disposed of"));
    return this.#send(call, transfer);
  }

  async #send(call: LearnerCall, transfer: Transferable[] = []): Promise<Value> {
    const answer = await this.#core.connection.settle(
      () =>
        new Promise<LearnerAnswer>((resolve) => {
          this.#waiting.push(resolve);
          this.#port.postMessage(call, transfer);
        }),
    );
    if (!answer.ok) throw fromRecord(answer.error);
    return answer.value;
  }
}

disposable(OpenLearner.prototype);
