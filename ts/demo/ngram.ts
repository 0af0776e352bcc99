/**
 * Character n-grams: what counting alone comes to, as the baseline of a text model. Each order leans on the one below by
 * Witten and Bell's rule (1991): p(c | context) = (count + kinds · p(c | shorter context)) / (total + kinds).
 */

/** Mean bits per character of `text` under n-grams of `order` counted in `training`; both over the same characters. */
export function ngramBits(training: string, text: string, order: number): number {
  const code = new Map([...new Set(training + text)].map((c, i) => [c, i]));
  const size = code.size;
  const encode = (s: string) => Array.from(s, (c) => code.get(c)!);
  const counted = encode(training);
  const contexts = Array.from({ length: order }, (_, length) => count(counted, length, size));

  const read = encode(text);
  let bits = 0;
  for (let i = order - 1; i < read.length; i++) {
    let p = 1 / size;
    for (const [length, { totals, kinds, pairs }] of contexts.entries()) {
      const context = number(read, i - length, i, size);
      const total = totals.get(context);
      if (total === undefined) break; // not seen, and so nothing longer
      const n = kinds.get(context)!;
      p = ((pairs.get(context * size + read[i]!) ?? 0) + n * p) / (total + n);
    }
    bits -= Math.log2(p);
  }
  return bits / (read.length - order + 1);
}

type Counts = Map<number, number>;

/** Contexts of one length: how often each came, with how many different characters after it, and each pair. */
function count(
  text: readonly number[],
  length: number,
  size: number,
): { totals: Counts; kinds: Counts; pairs: Counts } {
  const [totals, kinds, pairs] = [new Map() as Counts, new Map() as Counts, new Map() as Counts];
  const one = (counts: Counts, key: number) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (let i = length; i < text.length; i++) {
    const context = number(text, i - length, i, size);
    const pair = context * size + text[i]!;
    if (!pairs.has(pair)) one(kinds, context);
    one(totals, context);
    one(pairs, pair);
  }
  return { totals, kinds, pairs };
}

/** Characters from … to - 1 as one number; exact up to 8 characters of 90. */
function number(text: readonly number[], from: number, to: number, size: number): number {
  let n = 0;
  for (let i = from; i < to; i++) n = n * size + text[i]!;
  return n;
}
