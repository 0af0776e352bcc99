/** Targets that are labels of a whole sequence, fewer than it has steps: what CTC learns from. */

import { type Context, listOf } from "./arranged.js";
import type { Labels } from "./labels.js";
import { isList, type List } from "./numeric.js";
import type { Part } from "./parts.js";
import { show, wrongData, wrongShape } from "./refuse.js";

/** Labels, and which of them CTC puts between others. */
interface Transcribed {
  readonly labels: Labels;
  readonly blank?: number;
}

/** `labels`, of one sequence after the other, and `labelLengths` [B]. Throws ShapeError, and DataError for a label that is none, or the blank. */
export function readTranscripts(y: unknown, { labels, blank }: Transcribed, context: Context): readonly Part[] {
  const { mask, at } = context;
  const lists = Array.from(listOf(y, "last", context) as ArrayLike<unknown>, (targets, i): List => {
    if (mask?.[i] === 0) return [];
    if (typeof targets === "string") return [...targets];
    if (isList(targets)) return targets;
    const hint = 'with "ctc" a target is the list of labels of a sequence';
    throw wrongShape({ path: at(i), expected: "a list of labels", received: show(targets), hint });
  });
  const lengths: Part = {
    spec: { name: "labelLengths", dtype: "I32", shape: [lists.length] },
    write: (bundle) => bundle.i32("labelLengths").set(lists.map((list) => list.length)),
  };
  const all: Part = {
    spec: { name: "labels", dtype: "I32", shape: [lists.reduce((n, list) => n + list.length, 0)] },
    write(bundle) {
      const to = bundle.i32("labels");
      let first = 0;
      lists.forEach((list, i) => {
        const wrong = labels.fill(list, to, first, undefined);
        if (wrong >= 0) throw labels.refusal(list[wrong], `${at(i)}[${wrong}]`);
        const none = blank === undefined ? -1 : to.subarray(first, first + list.length).indexOf(blank);
        if (none >= 0) {
          const expected = `a label that is not the blank, class ${blank}`;
          throw wrongData({ path: `${at(i)}[${none}]`, expected, received: show(list[none]), code: "blankLabel" });
        }
        first += list.length;
      });
    },
  };
  return [all, lengths];
}
