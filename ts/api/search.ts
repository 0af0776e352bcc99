/** Types of the search for a model and a run, which comes in a later version. */
import type { Data } from "../data/values.js";
import type { Metric, ModelDescription, RunDescription } from "./description.gen.js";

export interface Choice {
  readonly kind: string;
}

export interface SearchOptions {
  model: ModelDescription;
  fit: RunDescription;
  data: Data;
  /** Named by the same paths as errors. */
  space: Record<string, Choice>;
  trials?: number;
  method?: "random" | "grid" | "asha";
  folds?: { kind: "kFold" | "blocked" | "rollingOrigin"; count: number };
  metric?: Metric;
  seed?: number;
  workers?: number;
  signal?: AbortSignal;
}

export interface Trial {
  index: number;
  values: Record<string, unknown>;
  score: number;
  scores: number[];
  model: ModelDescription;
  fit: RunDescription;
}

export interface Search extends Promise<{ best: Trial; trials: Trial[] }>, AsyncIterable<Trial> {}
