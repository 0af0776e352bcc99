/** Targets that are classes, by label or index, or next tokens, by character or index. */

import type { RetrogradError } from "../errors.js";
import { type Context, eachSequence, listOf, place, targetShapes } from "./arranged.js";
import { total } from "./batch.js";
import type { At } from "./encoding.js";
import { notFitted } from "./inputs.js";
import type { Labels } from "./labels.js";
import { isList, type List } from "./numeric.js";
import type { Part } from "./parts.js";
import { show, wrongData, wrongShape } from "./refuse.js";
import { tensorOf } from "./rows.js";
import { isTensor } from "./tensor.js";

/** Throws ShapeError, and DataError for a class that is not there. */
export function readClasses(y: unknown, context: Context): Part {
  const { inputs, mask, name, encoding } = context;
  const { input, output } = encoding;
  const labels = output.kind === "values" ? undefined : output.labels;
  if (!labels) throw notFitted();
  const vocabulary = output.kind === "nextToken" && input.kind === "tokens" ? input.vocabulary : undefined;
  const at = output.at;
  const rows = at === "every" ? total(inputs.lengths) : inputs.lengths.length;
  const spec = { name: "classes", dtype: "I32", shape: [rows] } as const;
  const fill = (list: List, to: Int32Array, first: number, path: (i: number) => string) => {
    const wrong = labels.fill(list, to, first, mask);
    if (wrong >= 0) throw refused(labels, list[wrong], path(wrong), at);
  };
  if (isTensor(y)) {
    const data = classTensor(y, labels, at, context);
    return { spec, write: (bundle) => fill(data, bundle.i32("classes"), 0, (i) => place(i, at, 1, context)) };
  }
  const list = listOf(y, at, context);
  return {
    spec,
    write(bundle) {
      const to = bundle.i32("classes");
      if (at === "last") return fill(list, to, 0, (i) => `${name}[${i}]`);
      eachSequence(
        list,
        context,
        (targets, first, s) => fill(targets, to, first, (i) => `${context.at(s)}[${i}]`),
        vocabulary,
      );
    },
  };
}

/** A list where one class was wanted has reasons of its own. */
function refused(labels: Labels, value: unknown, path: string, at: At): RetrogradError {
  const error = labels.refusal(value, path);
  if (at === "every" || !isList(value) || error.code === "oneHotTargets") return error;
  const hint = 'output.at is "last": a sequence has one target';
  return wrongShape({ path, expected: "one class", received: show(value), hint });
}

function classTensor(y: { shape: unknown }, labels: Labels, at: At, { inputs, name }: Context): List {
  const wanted = targetShapes(at, 1, inputs.lengths, name, y)[0]!;
  const { shape } = y;
  if (Array.isArray(shape) && shape.length === wanted.length + 1 && shape.at(-1) === labels.size) {
    const expected = `a tensor of classes, [${wanted.join(", ")}]`;
    const hint = "for one-hot targets give the index of the 1";
    throw wrongData({ path: name, expected, received: show(y), code: "oneHotTargets", hint });
  }
  return tensorOf(y, name, [wanted]).data;
}
