/**
 * Random numbers of the benchmark problems: the same data for the same keys in every runtime, and no state between
 * batches, so that a resumed run meets the batches an unbroken one would have met.
 */

/** What to draw. Batch `index` of a seed is the same whichever batches were drawn before it. */
export interface Draw {
  seed: number;
  /** Number of the batch, from 0. */
  index?: number;
  /** Sequences in the batch. */
  count: number;
  /** Parts never share a stream. Default `train`. */
  part?: "train" | "test" | "validation";
}

export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Uniform in [from, to). */
  uniform(from: number, to: number): number;
  /** Uniform among the integers from … to, both included. */
  integer(from: number, to: number): number;
  /** Uniform among the elements. */
  pick<T>(list: readonly T[]): T;
}

/** Mulberry32 (Tommy Ettinger, 2017; public domain), from a 32-bit seed. */
export function mulberry32(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    uniform: (from, to) => from + next() * (to - from),
    integer,
    pick: (list) => list[integer(0, list.length - 1)]!,
  };
}

/** The stream of one batch. */
export function stream({ seed, index = 0, part = "train" }: Draw): Random {
  let key = 0;
  for (const word of [seed, index, ["train", "test", "validation"].indexOf(part)])
    key = mix(Math.imul(key, 31) + word + 0x9e3779b9);
  return mulberry32(key);
}

/** Every bit of the result depends on every bit of the word (the finaliser of MurmurHash3). */
function mix(word: number): number {
  let x = word >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
