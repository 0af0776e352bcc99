/**
 * Temporal order: which of X and Y came at two places of a long sequence of noise, and in which order. Four classes,
 * told after the last symbol.
 *
 * Source: Hochreiter and Schmidhuber 1997, experiment 6a (length 100-110, places 10-20 and 50-60); the length of 50
 * with places 3-12 and 25-40 is that of cybertronai/schmidhuber-problems, whose results are compared with.
 */
import { type Draw, stream } from "./random.js";

/** A sequence starts with E and ends with B, the trigger; a-d are noise. A token is a place in this list. */
export const orderSymbols = ["E", "B", "a", "b", "c", "d", "X", "Y"] as const;
/** A class is a place in this list. */
export const orderClasses = ["XX", "XY", "YX", "YY"] as const;

const START = 0;
const TRIGGER = 1;
const NOISE = [2, 3, 4, 5] as const;
const X = 6;

/** For a model of `input: { vocabulary: 8 }` (one-hot) and `output: { at: "last", classes: 4 }`. */
export interface TemporalOrder {
  /** [count][length] tokens. */
  x: number[][];
  /** [count] classes. */
  y: number[];
}

export interface Places {
  length?: number;
  /** Where the first may be, from 0, both ends included. Default: 3-12 at length 50, and in proportion. */
  first?: readonly [number, number];
  /** Likewise the second: 25-40 at length 50. */
  second?: readonly [number, number];
}

export function temporalOrder({ length = 50, first, second, ...draw }: Draw & Places): TemporalOrder {
  const share = (place: number) => Math.round((place * length) / 50);
  const early = first ?? [share(3), share(12)];
  const late = second ?? [share(25), share(40)];
  if (!(early[0] >= 1 && early[0] <= early[1] && early[1] < late[0] && late[0] <= late[1] && late[1] <= length - 2))
    throw new RangeError(`places ${early.join("-")} and ${late.join("-")} do not fit in a sequence of ${length}`);

  const random = stream(draw);
  const x: number[][] = [];
  const y: number[] = [];
  for (let row = 0; row < draw.count; row++) {
    const tokens = Array.from({ length }, () => random.pick(NOISE) as number);
    const symbols = [random.integer(0, 1), random.integer(0, 1)] as const;
    tokens[0] = START;
    tokens[length - 1] = TRIGGER;
    tokens[random.integer(...early)] = X + symbols[0];
    tokens[random.integer(...late)] = X + symbols[1];
    x.push(tokens);
    y.push(2 * symbols[0] + symbols[1]);
  }
  return { x, y };
}
