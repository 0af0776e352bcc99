/**
 * Online learning over a plain port: one message in, one answer out, in order. A whole sequence is gone over in slices of
 * time, so that runs and other calls get their turn in between; what comes to this port meanwhile waits for its end.
 */
import { Refusal } from "../kernel/guard.js";
import type { Learner } from "../kernel/learner.js";
import { owned } from "./owned.js";
import type { Bytes, LearnerAnswer, LearnerCall, Settled } from "./protocol.js";
import { type Breather, Slices } from "./slices.js";

/** Also what stands in the place of a message that could not be read, which is answered in its turn. */
type Call = LearnerCall | { kind: "unreadable" };

export interface LearningOptions {
  learner: Learner;
  port: MessagePort;
  breather: Breather;
  failed: (thrown: unknown) => Settled<never>;
  /** Whether the instance is lost: then nothing more is done. */
  dead: () => boolean;
  closed: () => void;
  /** Milliseconds. */
  now: () => number;
}

export class Learning {
  readonly #o: LearningOptions;
  readonly #slices = new Slices();
  readonly #waiting: Call[] = [];
  #busy = false;
  /** It is to close: whatever else has not been answered is given up. */
  #closing = false;

  constructor(options: LearningOptions) {
    this.#o = options;
    options.port.onmessage = ({ data }: MessageEvent<LearnerCall>) => this.#hear(data);
    options.port.onmessageerror = () => this.#hear({ kind: "unreadable" });
  }

  dispose(): void {
    this.#hear({ kind: "close" });
  }

  #hear(call: Call): void {
    if (this.#closing || this.#o.dead()) return;
    this.#closing = call.kind === "close";
    this.#waiting.push(call);
    // Never rejects. Up to a sequence's second slice it is all done in this task.
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    const { port, failed, dead, closed } = this.#o;
    this.#busy = true;
    for (let call = this.#waiting.shift(); call && !dead(); call = this.#waiting.shift()) {
      let answer: LearnerAnswer;
      try {
        answer = { ok: true, value: call.kind === "run" ? await this.#run(call.bundle) : this.#obey(call) };
      } catch (thrown) {
        answer = failed(thrown);
      }
      const bytes = answer.ok ? answer.value : undefined;
      port.postMessage(answer, bytes ? [bytes.buffer as ArrayBuffer] : []);
      if (call.kind === "close") {
        closed();
        port.close();
      }
    }
    this.#busy = false;
  }

  async #run(bundle: Bytes): Promise<Uint8Array> {
    const { learner, breather, now } = this.#o;
    this.#unlessClosing();
    learner.begin(bundle);
    for (;;) {
      const { units } = this.#slices;
      const begun = now();
      const answer = learner.advance(units);
      if (answer) return owned(answer);
      this.#slices.measured(units, now() - begun);
      await breather.breathe();
      this.#unlessClosing();
    }
  }

  #obey(call: Exclude<Call, { kind: "run" }>): Float32Array | undefined {
    const { learner } = this.#o;
    if (call.kind === "close") learner.free();
    else {
      this.#unlessClosing();
      if (call.kind === "step") return learner.step(call.x, call.y);
      if (call.kind === "unreadable") throw unreadable();
      learner.reset();
    }
    return undefined;
  }

  #unlessClosing(): void {
    if (!this.#closing) return;
    throw new Refusal({ class: "DisposedError", code: "disposed", message: "the learner has been disposed of" });
  }
}

const unreadable = () =>
  new Refusal({ class: "WorkerError", code: "unreadable", message: "a message to the learner could not be read" });
