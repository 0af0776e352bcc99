/**
 * A loss of the user's own may never return, and its worker hears nothing meanwhile. Whoever ends a run waits as long as a call of
 * that loss may take, and gives the worker up then. The kernel always returns, and is waited for.
 */
import { WorkerError } from "../errors.js";
import type { Connection } from "../worker/connection.js";
import type { Core } from "./core.js";

/** Milliseconds that one call may take: so many, or so many times the longest one yet, up to a minute. */
const LEAST = 3000;
const TIMES = 4;
const MOST = 60_000;
/** Milliseconds between two looks, and as many as one look may count for: a thread that was blocked has heard nothing meanwhile. */
const LOOK = 100;
const COUNTED = 1000;
/** Milliseconds for a worker that others use too: it may have been busy with them. */
const BESIDE = 10_000;

/** What is known of a worker that asks a loss: in which call, and for how long it has been seen in that one. */
interface Silence {
  calls: number;
  milliseconds: number;
}

/**
 * From the end that the user asks for on; what it returns calls it off.
 * @param workers those that are waited for
 * @param lost told once of each that asks a loss which does not return
 */
export function watchLosses(
  workers: () => readonly Connection[],
  lost: (worker: Connection, error: WorkerError) => void,
): () => void {
  const silences = new Map<Connection, Silence>();
  const told = new Set<Connection>();
  let looked = performance.now();
  const look = () => {
    const now = performance.now();
    const passed = Math.min(now - looked, COUNTED);
    looked = now;
    for (const worker of workers()) {
      const { asked } = worker;
      if (!asked?.asking || told.has(worker)) continue;
      const { calls, longest, together } = asked;
      const before = silences.get(worker);
      const milliseconds = before?.calls === calls ? before.milliseconds + passed : 0;
      silences.set(worker, { calls, milliseconds });
      if (milliseconds < (together ? MOST : Math.max(LEAST, Math.min(TIMES * longest, MOST)))) continue;
      told.add(worker);
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

/**
 * The work's result, or the signal's reason if it is aborted before that. From an abort on, also one that comes while the work waits
 * for something else, the model's worker is watched: whatever the work waits for there settles.
 * @param work is begun at once; `watch` is for an end that it is asked for in another way
 */
export async function patiently<T>(
  core: Core,
  signal: AbortSignal | undefined,
  work: (watch: () => void) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  let over = false;
  let forget: (() => void) | undefined;
  const watch = () => {
    if (!over) forget ??= watchLosses(() => [core.connection], giveUp);
  };
  signal?.addEventListener("abort", watch, { once: true });
  try {
    const result = await work(watch);
    signal?.throwIfAborted();
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    over = true;
    signal?.removeEventListener("abort", watch);
    forget?.();
  }
}
