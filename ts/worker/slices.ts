/**
 * How many units of work one call into wasm should do, so that a slice lasts about as long as intended: batches, of which one makes
 * an update or several do, evaluations of a search, batches of validation; steps of an online learner.
 * Short slices keep pause, stop and predict prompt, let a worker be terminated at all in Deno and Bun, and let V8
 * replace slow code: it does that only between calls.
 */
export class Slices {
  readonly #target: number;
  #units = 1;

  /** @param target milliseconds */
  constructor(target = 9) {
    this.#target = target;
  }

  /** For the next slice, at least 1. */
  get units(): number {
    return this.#units;
  }

  /** Tells what the last slice did. A clock may be coarse (a browser's by up to a millisecond), so growth is at most twofold. */
  measured(units: number, milliseconds: number): void {
    if (units < 1) return;
    const fitting = Math.floor((units * this.#target) / Math.max(milliseconds, 0.05));
    this.#units = Math.max(1, Math.min(fitting, this.#units * 2));
  }
}

type Immediate = { setImmediate?: (callback: () => void) => unknown };

/**
 * Lets waiting messages in, and has all that goes on in this worker take turns: who waits goes on in a later task, one in
 * each and in the order in which they came. So a message waits for one slice, however many runs there are.
 * A timer would be clamped to 4 ms. Node hands out up to a thousand messages of one port before it looks at another, so
 * that messages to oneself would keep all others waiting for seconds; setImmediate comes after each port has had its turn.
 * Browsers have none, and treat ports fairly.
 */
export class Breather {
  readonly #channel: MessageChannel | undefined;
  readonly #waiting: (() => void)[] = [];
  readonly #dead: () => boolean;

  /** @param dead whether the instance is lost: then nobody goes on. */
  constructor(dead: () => boolean) {
    this.#dead = dead;
    if ((globalThis as Immediate).setImmediate) return;
    this.#channel = new MessageChannel();
    this.#channel.port1.onmessage = () => this.#next();
  }

  breathe(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) this.#later();
    });
  }

  #next(): void {
    if (this.#dead()) return;
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) this.#later();
  }

  #later(): void {
    if (this.#channel) this.#channel.port2.postMessage(0);
    else (globalThis as Immediate).setImmediate?.(() => this.#next());
  }
}
