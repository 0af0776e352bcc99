/**
 * Marks when a loss of the user's own is being asked. It may never return, and its worker hears nothing meanwhile; the kernel always
 * returns, however long it takes. So whoever waits for this worker knows one from the other.
 *
 * Each call is marked by itself, since a kernel that is long at work between two quick calls would else be taken for one of them:
 * in shared memory, which costs nothing to speak of. A page may have none: there calls are told by messages, those that follow each
 * other quickly together.
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

/** Where marks go: `notify` is told once where they are written, or of the calls themselves. */
export function marks(notify: (notice: Notice) => void, now = () => performance.now()): (asked: Asked) => void {
  let mark: ((asked: Asked) => void) | undefined;
  return (asked) => {
    mark ??= sharesMemory() ? onBoard(notify) : byMessages(notify, now); // not before there is a loss: most models have none
    mark(asked);
  };
}

/** Milliseconds. A call that begins so soon after another one returned, in one call into the kernel, is told together with it. */
const GAP = 20;

/**
 * Thousands of messages a second would be the page's only work. So of calls that follow each other quickly a begin is told each `GAP`,
 * marked as `together`, and the end when the call into the kernel has returned; one that is alone, or long, is told as it is.
 */
function byMessages(notify: (asked: Asked) => void, now: () => number): (asked: Asked) => void {
  let [told, begun, returned] = [Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY];
  /** Whether this is the first call of those in one call into the kernel, or long after the one before. */
  let alone = true;
  let first = true;
  /** The call that was told to have begun, and not to have ended. */
  let open: Asked | undefined;
  const end = (asked: Asked) => {
    open = undefined;
    notify({ ...asked, asking: false });
  };
  /** The call into the kernel has returned. */
  const returns = () => {
    first = true;
    if (open) end(open);
  };
  return (asked) => {
    const at = now();
    if (!asked.asking) {
      returned = at;
      if (alone || at - begun >= GAP) end(asked);
      return;
    }
    begun = at;
    alone = first || at - returned >= GAP;
    if (first) queueMicrotask(returns);
    first = false;
    if (!alone && open && at - told < GAP) return;
    told = at;
    open = asked;
    notify(alone ? asked : { ...asked, together: true });
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
