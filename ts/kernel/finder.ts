/** Mirrors crates/wasm/src/finder.rs: the range test of learning rates, on a copy of the model. */
import type { Model } from "./model.js";
import type { Reader } from "./reader.js";

export interface Finder {
  /** At most so many updates; whether it has come to its end. */
  run(steps: number): boolean;
  /** JSON of a RatesFound. The handle is gone after this. */
  finish(): string;
  free(): void;
}

export interface RatesFound {
  rates: number[];
  losses: number[];
  smoothed: number[];
  /** null: the smoothed loss never falls. */
  suggestion: number | null;
}

export interface Finders {
  /** The reader is gone after this. `range` and `run`: JSON. */
  open(model: Model, data: Reader, range: string, run: string): Finder;
}
