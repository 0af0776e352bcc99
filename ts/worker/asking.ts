/**
 * Marks when a loss of the user's own is being asked. It may never return, and its worker hears nothing meanwhile; the kernel always
 * returns, however long it takes. So whoever waits for this worker knows one from the other.
 *
 * Each call is marked by itself, since a kernel that is long at work between two quick calls would else be taken for one of them.
 */
import type { OwnLoss } from "../kernel/model.js";
import type { Asked } from "./protocol.js";

export class Asking {
  readonly #mark: (asked: Asked) => void;
  readonly #now: () => number;
  #calls = 0;
  #longest = 0;

  /** @param now milliseconds */
  constructor(mark: (asked: Asked) => void, now: () => number) {
    this.#mark = mark;
    this.#now = now;
  }

  /** The same loss, whose calls are marked. */
  around(loss: OwnLoss): OwnLoss {
    return { sum: (prediction, target, gradient) => this.during(() => loss.sum(prediction, target, gradient)) };
  }

  /** Whatever else of the user's module runs: its start, which may never return either. */
  during<T>(call: () => T): T {
    const begun = this.#now();
    this.#mark({ calls: ++this.#calls, asking: true, longest: this.#longest });
    try {
      return call();
    } finally {
      this.#longest = Math.max(this.#longest, this.#now() - begun);
      this.#mark({ calls: this.#calls, asking: false, longest: this.#longest });
    }
  }
}
