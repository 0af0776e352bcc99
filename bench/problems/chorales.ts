/**
 * Bach's chorales (JSB), a frame a quarter note: which of the 88 keys of a piano sound in the next one. Data and split are those of
 * Boulanger-Lewandowski, Bengio and Vincent, *Modeling Temporal Dependencies in High-Dimensional Sequences*, 2012, as the file
 * `jsb_chorales.json` has them: `{ train, valid, test }`, each a list of chorales, each a list of frames, each a list of keys.
 */
import { existsSync, readFileSync } from "node:fs";

export const KEYS = 88;

/** For a model of `input: { size: 88 }` and `output: { at: "every", size: 88 }`. Lengths differ. */
export interface Chorales {
  /** [count][length][88] of 0 and 1: all frames but the last. */
  x: Float32Array[][];
  /** [count][length][88]: the frame that came next. */
  y: Float32Array[][];
}

export interface ChoralesParts {
  train: Chorales;
  validation: Chorales;
  test: Chorales;
}

/** Nothing where the file is not there. */
export function readChorales(path: string): ChoralesParts | undefined {
  if (!existsSync(path)) return undefined;
  const { train, valid, test } = JSON.parse(readFileSync(path, "utf8")) as Record<string, number[][][]>;
  return { train: nextFrames(train!), validation: nextFrames(valid!), test: nextFrames(test!) };
}

export function nextFrames(chorales: readonly (readonly (readonly number[])[])[]): Chorales {
  const frames = chorales.map((chorale) => chorale.map(frame));
  return { x: frames.map((list) => list.slice(0, -1)), y: frames.map((list) => list.slice(1)) };
}

function frame(keys: readonly number[]): Float32Array {
  const sounds = new Float32Array(KEYS);
  for (const key of keys) {
    if (!(key >= 0 && key < KEYS)) throw new RangeError(`key ${key}: expected one from 0 to ${KEYS - 1}`);
    sounds[key] = 1;
  }
  return sounds;
}

/**
 * Negative log-likelihood of a frame, as the papers have it: binary cross-entropies summed over the keys, and their mean over the
 * predicted frames of all chorales. The package's loss is the mean over the keys too.
 */
export const frameLikelihood = (loss: number) => KEYS * loss;
