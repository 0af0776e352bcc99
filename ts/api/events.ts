/** Events of something that goes on, for any number of `for await` loops; an early one of them may end it. */

type Waiting<T> = { resolve: (r: IteratorResult<T>) => void; reject: (e: unknown) => void };

export interface EventsOptions<T> {
  /** Settles with the whole. A loop ends or throws as this does. */
  whole: Promise<unknown>;
  /** A loop was left with `break`; resolves when nothing goes on any more. */
  left: () => Promise<unknown>;
  /** What a loop that starts now has missed. */
  past: () => readonly T[];
  /** Whether `next` makes the waiting `last` old news, so that a slow loop does not fall behind. */
  replaces?: (next: T, last: T) => boolean;
}

export class Events<T> {
  readonly #o: EventsOptions<T>;
  readonly #loops = new Set<Loop<T>>();

  constructor(options: EventsOptions<T>) {
    this.#o = options;
  }

  push(event: T): void {
    for (const loop of this.#loops) loop.push(event);
  }

  iterate(): AsyncIterator<T> {
    const loop = new Loop<T>(this.#o, () => this.#loops.delete(loop));
    for (const event of this.#o.past()) loop.push(event);
    this.#loops.add(loop);
    // From now on this loop reports a failure, so that nobody need await the promise too.
    this.#o.whole
      .then(
        () => loop.end(),
        (error) => loop.fail(error),
      )
      .finally(() => this.#loops.delete(loop));
    return loop;
  }
}

class Loop<T> implements AsyncIterator<T> {
  readonly #o: EventsOptions<T>;
  readonly #forget: () => void;
  readonly #queue: T[] = [];
  readonly #waiting: Waiting<T>[] = [];
  #over = false;
  #failure: { error: unknown } | undefined;

  constructor(options: EventsOptions<T>, forget: () => void) {
    this.#o = options;
    this.#forget = forget;
  }

  push(event: T): void {
    if (this.#over) return;
    const next = this.#waiting.shift();
    if (next) {
      next.resolve({ done: false, value: event });
      return;
    }
    const last = this.#queue.at(-1);
    if (last !== undefined && this.#o.replaces?.(event, last)) this.#queue.pop();
    this.#queue.push(event);
  }

  end(): void {
    this.#over = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }

  fail(error: unknown): void {
    if (this.#over) return;
    const next = this.#waiting.shift();
    if (next) next.reject(error);
    else this.#failure = { error };
    this.end();
  }

  next(): Promise<IteratorResult<T>> {
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** `break`: ends the whole and waits for that, so that the model is free after the loop. */
  async return(): Promise<IteratorResult<T>> {
    this.#queue.length = 0;
    this.#forget();
    const over = this.#over;
    this.end();
    if (!over) await this.#o.left();
    return { done: true, value: undefined };
  }
}
