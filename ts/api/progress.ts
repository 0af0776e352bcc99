/** From the worker's records to Progress: what is planned, and how fast it goes. */
import type { RunRecord, SessionInfo } from "../worker/protocol.js";
import type { Progress } from "./types.js";

/** Seconds over which the speed is measured: long enough to be steady, short enough to follow a change. */
const WINDOW = 2;

export class ProgressReader {
  readonly #info: SessionInfo;
  /** The first one is at least a window old where there is one. */
  readonly #past: { elapsed: number; step: number }[];

  constructor(info: SessionInfo) {
    this.#info = info;
    this.#past = [{ elapsed: 0, step: info.step }];
  }

  /** @param elapsed seconds since the start of the run, at the end of these records. */
  read(records: readonly RunRecord[], elapsed: number): Progress[] {
    const { epochs, steps } = this.#info;
    const stepsPerSecond = this.#speed(records.at(-1)?.step ?? 0, elapsed);
    const planned = { epochs: epochs ?? Number.POSITIVE_INFINITY, steps: steps ?? Number.POSITIVE_INFINITY };
    return records.map((record) => ({ ...record, ...planned, elapsed, stepsPerSecond }));
  }

  #speed(step: number, elapsed: number): number {
    const past = this.#past;
    // A run that went back is measured from there.
    if (step < (past.at(-1)?.step ?? 0)) past.length = 0;
    past.push({ elapsed, step });
    while (past.length > 2 && elapsed - (past[1]?.elapsed ?? elapsed) >= WINDOW) past.shift();
    const first = past[0] as { elapsed: number; step: number };
    return (step - first.step) / Math.max(elapsed - first.elapsed, 1e-3);
  }
}
