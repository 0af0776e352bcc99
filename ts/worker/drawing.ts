/** Generation and range tests in slices of time: runs and other calls get their turn in between. */
import type { Finder } from "../kernel/finder.js";
import type { Generator } from "../kernel/generator.js";

/** Milliseconds of one call. */
const SLICE = 10;

/** Draws for about a slice of time. One token at a time, since nobody knows how long one takes. */
export function draw(generator: Generator, now: () => number): { tokens: Uint32Array<ArrayBuffer>; ended: boolean } {
  const end = now() + SLICE;
  const tokens: number[] = [];
  do {
    const token = generator.next(1)[0];
    if (token === undefined) return { tokens: Uint32Array.from(tokens), ended: true };
    tokens.push(token);
  } while (now() < end);
  return { tokens: Uint32Array.from(tokens), ended: false };
}

/** Makes the updates of about a slice of time, at least one; whether the test has come to its end. */
export function find(finder: Finder, now: () => number): boolean {
  const end = now() + SLICE;
  let ended: boolean;
  do ended = finder.run(1);
  while (!ended && now() < end);
  return ended;
}
