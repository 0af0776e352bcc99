/** What a model's description says about the form of its data. Made once for a description: it holds maps. */
import { Labels } from "./labels.js";
import type { SeriesPlan } from "./series.js";
import { Vocabulary } from "./text.js";

export type At = "last" | "every";

export type InputEncoding =
  | { readonly kind: "values"; readonly size: number }
  | { readonly kind: "tokens"; readonly vocabulary: Vocabulary }
  /** "characters": known after the first fit. */
  | { readonly kind: "open" }
  | { readonly kind: "series"; readonly plan: SeriesPlan };

export type OutputEncoding =
  | { readonly kind: "values"; readonly at: At; readonly size: number }
  | { readonly kind: "classes"; readonly at: At; readonly labels: Labels }
  /** Targets are tokens of the input's vocabulary, one a step; no labels while that is open. */
  | { readonly kind: "nextToken"; readonly at: "every"; readonly labels?: Labels };

export interface Encoding {
  readonly input: InputEncoding;
  readonly output: OutputEncoding;
}

/** The parts of a description, as the kernel hands it out: checked, defaults and sizes filled in. */
export interface Described {
  readonly input:
    | { readonly size: number }
    | { readonly vocabulary: number | "characters" | readonly string[] }
    | { readonly series: SeriesPlan };
  readonly output?:
    | { readonly at: At; readonly size?: number }
    | { readonly at: At; readonly classes: number | readonly string[] };
}

export function encodingOf({ input, output }: Described): Encoding {
  const read = inputOf(input);
  return { input: read, output: outputOf(output, read) };
}

function inputOf(input: Described["input"]): InputEncoding {
  if ("series" in input) return { kind: "series", plan: input.series };
  if ("size" in input) return { kind: "values", size: input.size };
  const { vocabulary } = input;
  return typeof vocabulary === "string" ? { kind: "open" } : { kind: "tokens", vocabulary: new Vocabulary(vocabulary) };
}

function outputOf(output: Described["output"], input: InputEncoding): OutputEncoding {
  // The kernel fills in output and output.size of all other models.
  if (!output) {
    const vocabulary = input.kind === "tokens" ? input.vocabulary : undefined;
    const labels = vocabulary && new Labels(vocabulary.symbols ?? vocabulary.size);
    return { kind: "nextToken", at: "every", ...(labels && { labels }) };
  }
  if ("classes" in output) return { kind: "classes", at: output.at, labels: new Labels(output.classes) };
  return { kind: "values", at: output.at, size: output.size ?? 1 };
}

/** Numbers in a row of raw output. */
export function outputWidth({ output }: Encoding): number {
  return output.kind === "values" ? output.size : (output.labels?.size ?? 0);
}
