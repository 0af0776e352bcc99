/** Marks of the calls of a custom loss, where threads share no memory: by messages, those that follow each other quickly together. */
import type { Asked } from "./protocol.js";

/** Milliseconds. A call that begins so soon after another one returned, in one call into the kernel, is told together with it. */
const GAP = 20;

/**
 * Thousands of messages a second would be the page's only work. So of calls that follow each other quickly a begin is told each `GAP`,
 * marked as `together`, and the end when the call into the kernel has returned; one that is alone, or long, is told as it is.
 */
export function byMessages(notify: (asked: Asked) => void, now: () => number): (asked: Asked) => void {
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
