/** What each library that is compared with has to offer. */
import type { Contestant } from "../rounds.js";
import type { Task, Weights } from "../task.js";

export interface Rival {
  /** The column's head. */
  name: string;
  version: string;
  /** How it runs: back end, threads, what a measurement includes. */
  about: string;
  /** Where the GRU resets: PyTorch and Retrograd by default after the product, TensorFlow.js before it. */
  reset: "before" | "after";
  /** One bias for a gate instead of two: under Adam it moves half as far. */
  oneBias: boolean;
  /** GFLOP/s, roughly: whether a task is worth beginning before anything was measured. */
  guess: number;
  /** Whether the task is the same one, so that losses can be compared. */
  comparable: boolean;
  /** A task is not for it, or takes too long for `quick`. */
  refuses(task: Task, quick: boolean): boolean;
  /** From given weights. */
  open(task: Task, start: Weights, options?: { bias?: boolean }): Promise<Contestant>;
  /** The character model (characters.ts). */
  openCharacters?(): Promise<Contestant>;
  /** One time step of an LSTM cell, learned from at once (online.ts). */
  openOnline?(): Promise<Contestant>;
  close?(): void;
}
