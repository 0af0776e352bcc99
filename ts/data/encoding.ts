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
  /** `outputs`: numbers that the network gives for each of a target's `size`. */
  | { readonly kind: "values"; readonly at: At; readonly size: number; readonly outputs?: number }
  /** `targets`: a class, a probability for each of them, or a list of them for a whole sequence. */
  | {
      readonly kind: "classes";
      readonly at: At;
      readonly labels: Labels;
      readonly targets?: "probabilities" | "sequences";
      /** The class that CTC puts between labels, which is none of a target. */
      readonly blank?: number;
    }
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
  /** A word is a loss with its defaults. */
  readonly loss?: string | DescribedLoss;
}

interface DescribedLoss {
  readonly kind: string;
  readonly quantiles?: readonly number[];
  readonly ignoreIndex?: number;
  readonly targets?: string;
  readonly blank?: number;
}

export function encodingOf({ input, output, loss = "" }: Described): Encoding {
  const read = inputOf(input);
  return { input: read, output: outputOf(output, read, typeof loss === "string" ? { kind: loss } : loss) };
}

function inputOf(input: Described["input"]): InputEncoding {
  if ("series" in input) return { kind: "series", plan: input.series };
  if ("size" in input) return { kind: "values", size: input.size };
  const { vocabulary } = input;
  return typeof vocabulary === "string" ? { kind: "open" } : { kind: "tokens", vocabulary: new Vocabulary(vocabulary) };
}

function outputOf(output: Described["output"], input: InputEncoding, loss: DescribedLoss): OutputEncoding {
  // The kernel fills in output and output.size of all other models.
  if (!output) {
    const vocabulary = input.kind === "tokens" ? input.vocabulary : undefined;
    const labels = vocabulary && new Labels(vocabulary.symbols ?? vocabulary.size, loss.ignoreIndex);
    return { kind: "nextToken", at: "every", ...(labels && { labels }) };
  }
  if ("classes" in output) {
    const targets = targetsOf(loss);
    const labels = new Labels(output.classes, loss.ignoreIndex);
    const blank = targets === "sequences" && { blank: loss.blank ?? 0 };
    return { kind: "classes", at: output.at, labels, ...(targets && { targets }), ...blank };
  }
  const outputs = loss.quantiles?.length ?? (loss.kind === "gaussianNll" ? 2 : 1);
  return { kind: "values", at: output.at, size: output.size ?? 1, ...(outputs > 1 && { outputs }) };
}

function targetsOf({ kind, targets }: DescribedLoss): "probabilities" | "sequences" | undefined {
  if (kind === "ctc") return "sequences";
  return kind === "klDivergence" || targets === "probabilities" ? "probabilities" : undefined;
}

/** Where there is a target: labels of a whole sequence are one, wherever the network predicts. */
export function targetsAt({ output }: Encoding): At {
  return output.kind === "classes" && output.targets === "sequences" ? "last" : output.at;
}

/** Numbers in a row of raw output. */
export function outputWidth({ output }: Encoding): number {
  return output.kind === "values" ? output.size * (output.outputs ?? 1) : (output.labels?.size ?? 0);
}
