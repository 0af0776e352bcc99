/** Inputs of tokens: texts, lists of tokens, or a tensor, as `tokens` [rows]. */

import { equal, type Inputs, measure, type Naming, oneSequence, sequencesOf, total } from "./batch.js";
import type { Tokens } from "./bundle.js";
import { copyIndices, isList, type List } from "./numeric.js";
import { show, wrongData, wrongShape } from "./refuse.js";
import { tensorOf } from "./rows.js";
import { codePoints, type Vocabulary } from "./text.js";

export function tokenLists(x: unknown, vocabulary: Vocabulary, naming: Naming): Inputs {
  const { at } = naming;
  const list = sequencesOf(x, naming, "text or tokens");
  const lengths = measure(list, at, (sequence, i) => {
    if (typeof sequence === "string") {
      vocabulary.checkText(sequence, at(i));
      return codePoints(sequence);
    }
    if (isList(sequence)) return sequence.length;
    const [expected, hint] = ["a sequence: text or a list of tokens", oneSequence(sequence, naming)];
    throw wrongShape({ path: at(i), expected, received: show(sequence), hint });
  });
  return {
    lengths,
    at,
    spec: { name: "tokens", dtype: vocabulary.dtype, shape: [total(lengths)] },
    write(bundle) {
      const to = bundle.tokens("tokens");
      let first = 0;
      for (let i = 0; i < list.length; i++) {
        const sequence = list[i] as List | string;
        if (typeof sequence === "string") vocabulary.encode(sequence, to, first, (t) => `${at(i)}[${t}]`);
        else copyTokens(sequence, vocabulary, to, first, (t) => `${at(i)}[${t}]`);
        first += lengths[i]!;
      }
    },
  };
}

export function tokenTensor(x: unknown, vocabulary: Vocabulary, { name, at }: Naming): Inputs {
  const { shape, data } = tensorOf(x, name, [["B", "T"]]);
  const lengths = equal(shape, name);
  const steps = shape[1]!;
  return {
    lengths,
    at,
    spec: { name: "tokens", dtype: vocabulary.dtype, shape: [total(lengths)] },
    write(bundle) {
      copyTokens(data, vocabulary, bundle.tokens("tokens"), 0, (k) => `${at(Math.floor(k / steps))}[${k % steps}]`);
    },
  };
}

function copyTokens(from: List, { size }: Vocabulary, to: Tokens, first: number, place: (i: number) => string): void {
  const wrong = copyIndices(from, size, to, first);
  if (wrong < 0) return;
  const value = from[wrong];
  const hint = isList(value) ? "tokens are [time]; one-hot rows want input.size" : undefined;
  const expected = `a token from 0 to ${size - 1}`;
  throw wrongData({ path: place(wrong), expected, received: show(value), code: "unknownToken", hint });
}
