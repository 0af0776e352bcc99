/** Targets of a network: numbers here, classes and next tokens in classes.ts, labels of whole sequences in transcripts.ts. */
import { type Context, eachSequence, listOf, place, targetTensor } from "./arranged.js";
import { locate, total } from "./batch.js";
import { readClasses } from "./classes.js";
import type { At } from "./encoding.js";
import { isList, type List } from "./numeric.js";
import type { Part } from "./parts.js";
import { wrongData } from "./refuse.js";
import { checkFinite, copyRows, copyTensor } from "./rows.js";
import { isTensor } from "./tensor.js";
import { readTranscripts } from "./transcripts.js";

/** Throws ShapeError and DataError. */
export function readTargets(y: unknown, context: Context): readonly Part[] {
  const { output } = context.encoding;
  if (y === undefined || y === null) {
    const hint = output.kind === "nextToken" ? "a text by itself is learnt from as it stands" : undefined;
    throw wrongData({ path: context.name, expected: "targets", received: "none", hint });
  }
  if (output.kind === "values") return [readValues(y, output.size, output.at, context)];
  if (output.kind === "nextToken" || output.targets === undefined) return [readClasses(y, context)];
  if (output.targets === "sequences") return readTranscripts(y, output, context);
  return [readValues(y, output.labels.size, output.at, context)];
}

function readValues(y: unknown, size: number, at: At, context: Context): Part {
  const { inputs, mask, name } = context;
  const { lengths } = inputs;
  const every = at === "every";
  const spec = { name: "y", dtype: "F32", shape: [every ? total(lengths) : lengths.length, size] } as const;
  const hint = (value: unknown) => {
    if (context.encoding.output.kind === "classes") return "a target is a probability for each class";
    if (typeof value === "string") return "labels want output.classes";
    const steps = !every && isList(value) && (size === 1 || isList(value[0]));
    return steps ? 'output.at is "last": a sequence has one target' : undefined;
  };
  if (isTensor(y)) {
    const data = targetTensor(y, at, size, context);
    return {
      spec,
      write(bundle) {
        const to = bundle.f32("y");
        copyTensor(data, name, { to, width: size, mask, hint });
        checkFinite(to, (index) => ({ path: place(index, at, size, context), value: data[index] }));
      },
    };
  }
  const list = listOf(y, at, context);
  return {
    spec,
    write(bundle) {
      const to = bundle.f32("y");
      const destination = { to, width: size, mask, hint, at: every ? context.at : () => name };
      if (every) eachSequence(list, context, (targets, first, i) => copyRows(targets, first, i, destination));
      else copyRows(list, 0, 0, destination);
      checkFinite(to, (index) => {
        const row = Math.floor(index / size);
        const [i, t] = every ? locate(lengths, row) : [0, row];
        const target = (every ? (list[i] as List) : list)[t];
        const path = `${destination.at(i)}[${t}]`;
        return isList(target)
          ? { path: `${path}[${index % size}]`, value: target[index % size] }
          : { path, value: target };
      });
    },
  };
}
