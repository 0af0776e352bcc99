/**
 * A loss of the user's own may never return, and its worker hears nothing meanwhile: who aborts waits for a second, or as long as a
 * slow step may take, and gives the model up then, and its worker.
 */
import { WorkerError } from "../errors.js";
import type { Core } from "./core.js";

/** Milliseconds that an abort may go unanswered: so many, or as long as so many of the run's steps, up to a minute. */
const LEAST = 1000;
const STEPS = 4;
const MOST = 60_000;
/** Milliseconds for a worker that others use too: it may have been busy with them. */
const BESIDE = 10_000;

/**
 * From an abort on; what it returns calls it off. Of a model without such a loss nothing is given up: the kernel returns.
 * @param step milliseconds that a step of the run took, as far as is known
 * @param lost called before the model is given up
 */
export function giveUpLater(core: Core, step: number, lost: () => void): () => void {
  const { loss } = core.description;
  if (typeof loss !== "object" || loss.kind !== "custom") return () => {};
  const timer = setTimeout(
    () => {
      lost();
      core.connection.close(new WorkerError("the custom loss did not return after an abort"), BESIDE);
    },
    Math.max(LEAST, Math.min(STEPS * step, MOST)),
  );
  return () => clearTimeout(timer);
}
