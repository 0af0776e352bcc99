/**
 * How marks of the calls of a custom loss cross to whoever waits for its worker: in shared memory, which costs nothing to speak of. A
 * page may have none: there they are messages (markedByMessages.ts).
 */
import { byMessages } from "./markedByMessages.js";
import type { Asked, Notice } from "./protocol.js";
import { sharesMemory } from "./shared.js";

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
