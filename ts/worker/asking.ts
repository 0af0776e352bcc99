/**
 * Tells the caller's side when a loss of the user's own is being asked. It may never return, and its worker hears nothing
 * meanwhile; the kernel always returns, however long it takes. So whoever waits for this worker knows one from the other.
 *
 * Calls that follow each other quickly are told together, from the first one to the end of the slice: two messages.
 */
import type { OwnLoss } from "../kernel/model.js";
import type { Asked } from "./protocol.js";

/** Milliseconds of the kernel's after which a call is told by itself. */
const GAP = 20;

export class Asking {
  readonly #tell: (asked: Asked) => void;
  readonly #now: () => number;
  /** What was told last. */
  #told = false;
  /** When a call returned last, and how long the longest took. */
  #returned = Number.NEGATIVE_INFINITY;
  #longest = 0;

  /** @param now milliseconds */
  constructor(tell: (asked: Asked) => void, now: () => number) {
    this.#tell = tell;
    this.#now = now;
  }

  /** The same loss, whose calls are told. */
  around(loss: OwnLoss): OwnLoss {
    return {
      sum: (prediction, target, gradient) => {
        const begun = this.#now();
        const alone = begun - this.#returned > GAP;
        if (alone || !this.#told) this.#begin();
        const sum = loss.sum(prediction, target, gradient);
        this.#returned = this.#now();
        this.#longest = Math.max(this.#longest, this.#returned - begun);
        if (alone) this.#end();
        return sum;
      },
    };
  }

  #begin(): void {
    this.#told = true;
    this.#tell({ asking: true, longest: this.#longest });
    // Comes when the call into the kernel has returned, whoever made it.
    queueMicrotask(() => this.#end());
  }

  #end(): void {
    if (!this.#told) return;
    this.#told = false;
    this.#tell({ asking: false, longest: this.#longest });
  }
}
