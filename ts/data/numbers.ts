/** Inputs of numbers: lists of sequences, or a tensor, as `x` [rows, size]. */
import { equal, type Inputs, locate, measure, type Naming, oneSequence, sequencesOf, total } from "./batch.js";
import { isList, isTyped, type List } from "./numeric.js";
import { show, wrongShape } from "./refuse.js";
import { checkFinite, copyRows, copyTensor, tensorOf } from "./rows.js";

export function numberLists(x: unknown, size: number, naming: Naming): Inputs {
  const { at } = naming;
  const form = size === 1 ? "[time]" : `[time][${size}]`;
  const list = sequencesOf(x, naming, form);
  const lengths = measure(list, at, (sequence, i) => {
    if (Array.isArray(sequence) || (size === 1 && isTyped(sequence))) return sequence.length;
    let hint = oneSequence(sequence, naming);
    if (typeof sequence === "string") hint = "text wants input.vocabulary";
    if (isTyped(sequence)) hint = "flat numbers are taken as { shape: [B, T, size], data }";
    throw wrongShape({ path: at(i), expected: `a sequence, ${form}`, received: show(sequence), hint });
  });
  return {
    lengths,
    at,
    spec: { name: "x", dtype: "F32", shape: [total(lengths), size] },
    write(bundle) {
      const to = bundle.f32("x");
      const hint = (value: unknown) => (typeof value === "number" ? "a step is a list of its own" : undefined);
      const destination = { to, width: size, at, hint };
      let first = 0;
      for (let i = 0; i < list.length; i++) {
        copyRows(list[i] as List, first, i, destination);
        first += lengths[i]!;
      }
      checkFinite(to, (index) => {
        const [i, t] = locate(lengths, Math.floor(index / size));
        const row = (list[i] as List)[t];
        return isList(row)
          ? { path: `${at(i)}[${t}][${index % size}]`, value: row[index % size] }
          : { path: `${at(i)}[${t}]`, value: row };
      });
    },
  };
}

export function numberTensor(x: unknown, size: number, { name, at }: Naming): Inputs {
  const full = ["B", "T", size];
  const { shape, data } = tensorOf(x, name, size === 1 ? [full.slice(0, 2), full] : [full]);
  const lengths = equal(shape, name);
  const steps = shape[1]!;
  return {
    lengths,
    at,
    spec: { name: "x", dtype: "F32", shape: [total(lengths), size] },
    write(bundle) {
      const to = bundle.f32("x");
      copyTensor(data, name, { to, width: size });
      checkFinite(to, (index) => {
        const row = Math.floor(index / size);
        const column = size > 1 ? `[${index % size}]` : "";
        return { path: `${at(Math.floor(row / steps))}[${row % steps}]${column}`, value: data[index] };
      });
    },
  };
}
