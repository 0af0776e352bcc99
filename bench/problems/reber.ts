/**
 * The embedded Reber grammar: after each symbol of a string, say which may come next. All but one of them follow from
 * the last few; the second to last equals the second, 6 and more steps earlier.
 *
 *     B (T|P) [B … E] (the same T|P) E      and inside, from state 0 after its B:
 *     0: T→1 P→2   1: S→1 X→3   2: T→2 V→4   3: X→2 S→5   4: P→3 V→5   5: E
 *
 * Source: Cleeremans, Servan-Schreiber and McClelland 1989; Hochreiter and Schmidhuber 1997, experiment 1.
 */
import { type Draw, type Random, stream } from "./random.js";

/** A token is a place in this list. */
export const reberSymbols = ["B", "T", "P", "S", "X", "V", "E"] as const;
export type ReberSymbol = (typeof reberSymbols)[number];

/** From each state: symbol and next state; both with the same chance. */
// biome-ignore format: one line for each state
const GRAMMAR: readonly (readonly (readonly [ReberSymbol, number])[])[] = [
  [["T", 1], ["P", 2]],
  [["S", 1], ["X", 3]],
  [["T", 2], ["V", 4]],
  [["X", 2], ["S", 5]],
  [["P", 3], ["V", 5]],
  [["E", 6]],
];
const END = 6;

/** For a model of `input: { vocabulary: 7 }` (one-hot) and `output: { at: "every", classes: 7 }`. Lengths differ. */
export interface Reber {
  /** [count][length] tokens: the string without its last symbol. */
  x: number[][];
  /** [count][length] classes: the symbol that came next. */
  y: number[][];
  /** [count][length][1 or 2]: the symbols that may come next. */
  legal: number[][][];
}

export function embeddedReber(draw: Draw): Reber {
  const random = stream(draw);
  const x: number[][] = [];
  const y: number[][] = [];
  const legal: number[][][] = [];
  for (let row = 0; row < draw.count; row++) {
    const steps = walk(random);
    x.push([token("B"), ...steps.slice(0, -1).map((step) => token(step.symbol))]);
    y.push(steps.map((step) => token(step.symbol)));
    legal.push(steps.map((step) => step.legal.map(token)));
  }
  return { x, y, legal };
}

interface Step {
  symbol: ReberSymbol;
  legal: readonly ReberSymbol[];
}

/** The symbols of one string after its first B, each with those that could have stood in its place. */
function walk(random: Random): Step[] {
  const outer = random.pick(["T", "P"] as const);
  const steps: Step[] = [
    { symbol: outer, legal: ["T", "P"] },
    { symbol: "B", legal: ["B"] },
  ];
  for (let state = 0; state !== END; ) {
    const arcs = GRAMMAR[state]!;
    const [symbol, next] = random.pick(arcs);
    steps.push({ symbol, legal: arcs.map((arc) => arc[0]) });
    state = next;
  }
  steps.push({ symbol: outer, legal: [outer] }, { symbol: "E", legal: ["E"] });
  return steps;
}

const token = (symbol: ReberSymbol) => reberSymbols.indexOf(symbol);

/** Whether every legal symbol has a higher score (probability or logit) than every other one. NaN never has. */
export function legalAreHighest(scores: ArrayLike<number>, legal: readonly number[]): boolean {
  return legal.every((good) => {
    for (let other = 0; other < scores.length; other++)
      if (!legal.includes(other) && !(scores[good]! > scores[other]!)) return false;
    return true;
  });
}

export interface ReberScore {
  /** Share of steps at which the legal symbols are the highest. */
  steps: number;
  /** Share of strings whose second to last symbol is foretold. */
  outer: number;
  /** All of them: the criterion of the 1997 paper ("the output units of the possible next symbols are always the most active ones"), where both the training and the test set must pass it. */
  solved: boolean;
}

/** Scores a prediction of [count, longest, 7] for the strings it was made from; rows past a string's end are not read. */
export function scoreReber(
  values: { shape: readonly number[]; data: ArrayLike<number> },
  { legal }: Pick<Reber, "legal">,
): ReberScore {
  const [count, longest, size] = values.shape;
  if (count !== legal.length || size !== reberSymbols.length || longest! < Math.max(...legal.map((s) => s.length)))
    throw new RangeError(`a prediction of [${values.shape.join(", ")}] does not fit ${legal.length} strings`);
  let right = 0;
  let all = 0;
  let outer = 0;
  legal.forEach((string, row) => {
    string.forEach((symbols, step) => {
      const from = (row * longest! + step) * size!;
      const scores = Array.from({ length: size! }, (_, k) => values.data[from + k]!);
      const hit = legalAreHighest(scores, symbols) ? 1 : 0;
      right += hit;
      all++;
      if (step === string.length - 2) outer += hit;
    });
  });
  return { steps: right / all, outer: outer / count, solved: right === all };
}
