/** Online learning over a plain port: one message in, one answer out, in order. */
import type { Learner } from "../kernel/learner.js";
import type { LearnerAnswer, LearnerCall, Settled } from "./protocol.js";
import { owned } from "./training.js";

export interface LearningOptions {
  learner: Learner;
  port: MessagePort;
  failed: (thrown: unknown) => Settled<never>;
  closed: () => void;
}

export function serve({ learner, port, failed, closed }: LearningOptions): void {
  port.onmessage = ({ data }: MessageEvent<LearnerCall>) => {
    let answer: LearnerAnswer;
    try {
      answer = { ok: true, value: obey(learner, data) };
    } catch (thrown) {
      answer = failed(thrown);
    }
    const bytes = answer.ok ? answer.value : undefined;
    port.postMessage(answer, bytes ? [bytes.buffer as ArrayBuffer] : []);
    if (data.kind === "close") {
      closed();
      port.close();
    }
  };
}

function obey(learner: Learner, call: LearnerCall): Float32Array | Uint8Array | undefined {
  switch (call.kind) {
    case "step":
      return learner.step(call.x, call.y);
    case "run":
      return owned(learner.run(call.bundle));
    case "reset":
      learner.reset();
      return undefined;
    case "close":
      learner.free();
      return undefined;
  }
}
