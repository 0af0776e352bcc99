/**
 * A loss of the user's own may never return, and its worker hears nothing meanwhile. Whoever ends a run waits as long as a call of
 * that loss may take, and gives the worker up then. The kernel always returns, and is waited for.
 */
import { WorkerError } from "../errors.js";
import type { Connection } from "../worker/connection.js";
import type { Asked } from "../worker/protocol.js";

/** Milliseconds that one call may take: so many, or so many times the longest one yet, up to a minute. */
const LEAST = 3000;
const TIMES = 4;
const MOST = 60_000;
/** Milliseconds between two looks, and as many as one look may count for: a thread that was blocked has heard nothing meanwhile. */
const LOOK = 100;
const COUNTED = 1000;
/** Milliseconds for a worker that others use too: it may have been busy with them. */
const BESIDE = 10_000;

/** What is known of a worker: what it said last, and for how long it has said nothing since. */
interface Silence {
  asked: Asked | undefined;
  milliseconds: number;
}

/**
 * From the end that the user asks for on; what it returns calls it off.
 * @param workers those that are waited for
 * @param lost told of each that asks a loss which does not return, at every look
 */
export function watchLosses(
  workers: () => readonly Connection[],
  lost: (worker: Connection, error: WorkerError) => void,
): () => void {
  const silences = new Map<Connection, Silence>();
  let looked = performance.now();
  const look = () => {
    const now = performance.now();
    const passed = Math.min(now - looked, COUNTED);
    looked = now;
    for (const worker of workers()) {
      const { asked } = worker;
      const before = silences.get(worker);
      const milliseconds = before && before.asked === asked ? before.milliseconds + passed : 0;
      silences.set(worker, { asked, milliseconds });
      if (!asked?.asking || milliseconds < Math.max(LEAST, Math.min(TIMES * asked.longest, MOST))) continue;
      lost(worker, new WorkerError("the custom loss did not return, and its worker was given up"));
    }
  };
  const timer = setInterval(look, LOOK);
  return () => clearInterval(timer);
}

/** Ends the model in this worker, and the worker, unless other models in it are well. */
export function giveUp(worker: Connection, error: WorkerError): void {
  worker.close(error, BESIDE);
}
