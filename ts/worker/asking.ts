/**
 * Marks when a loss of the user's own is being asked. It may never return, and its worker hears nothing meanwhile; the kernel always
 * returns, however long it takes. So whoever waits for this worker knows one from the other.
 *
 * Each call is marked by itself, since a kernel that is long at work between two quick calls would else be taken for one of them:
 * in shared memory, which costs nothing to speak of; by two messages a call where a page has none.
 */
import type { OwnLoss } from "../kernel/model.js";
import type { Asked, Notice } from "./protocol.js";
import { sharesMemory } from "./shared.js";

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

/** Places in the shared memory. */
const [CALLS, ASKING, LONGEST, LENGTH] = [0, 1, 2, 3];

/** Where marks go: `notify` is told once where they are written, or each of them. */
export function marks(notify: (notice: Notice) => void): (asked: Asked) => void {
  let mark: ((asked: Asked) => void) | undefined;
  return (asked) => {
    mark ??= sharesMemory() ? onBoard(notify) : notify; // not before there is a loss: most models have none
    mark(asked);
  };
}

function onBoard(notify: (notice: Notice) => void): (asked: Asked) => void {
  const board = new Int32Array(new SharedArrayBuffer(4 * LENGTH));
  notify({ board });
  return ({ calls, asking, longest }) => {
    Atomics.store(board, CALLS, calls);
    Atomics.store(board, LONGEST, Math.ceil(longest));
    Atomics.store(board, ASKING, asking ? 1 : 0);
  };
}

/** What a board says, to the other side. */
export function readMarks(board: Int32Array): Asked {
  // In this order: a call that has begun meanwhile is another one.
  const asking = Atomics.load(board, ASKING) === 1;
  return { asking, longest: Atomics.load(board, LONGEST), calls: Atomics.load(board, CALLS) };
}
