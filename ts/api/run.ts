/** A run as the user holds it: a Promise of its history that can be looped over and ended. */
import { Driver, type DriverOptions } from "./driver.js";
import { Events } from "./events.js";
import type { History, Progress, Run } from "./types.js";

export type RunOptions = Omit<DriverOptions, "onProgress">;

/** Starts at once. Whatever is wrong rejects the promise; nothing is thrown here. */
export function startRun(options: RunOptions): Run {
  return new StartedRun(options);
}

class StartedRun extends Promise<History> implements Run {
  readonly #driver: Driver;
  readonly #events: Events<Progress>;

  /** `then` gives plain promises. */
  static override get [Symbol.species]() {
    return Promise;
  }

  constructor(options: RunOptions) {
    let settle: (history: Promise<History>) => void = () => {};
    super((resolve) => {
      settle = resolve;
    });
    this.#events = new Events<Progress>({
      whole: this,
      left: () => this.stop(),
      past: () => this.#driver.epochs,
      replaces: (next, last) => next.kind === "step" && last.kind === "step",
    });
    this.#driver = new Driver({ ...options, onProgress: (p) => this.#events.push(p) });
    settle(this.#driver.run());
  }

  pause(): Promise<void> {
    return this.#driver.pause();
  }

  resume(): void {
    this.#driver.resume();
  }

  stop(): Promise<History> {
    this.#driver.stop();
    // Not a promise of its own: that would be one more to handle when the run fails.
    return this;
  }

  [Symbol.asyncIterator](): AsyncIterator<Progress> {
    return this.#events.iterate();
  }
}
