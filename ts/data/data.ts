/** Whatever a model is fitted to or evaluated on, by what the model reads. */
import type { Bytes } from "./bundle.js";
import type { Encoding } from "./encoding.js";
import { notFitted } from "./inputs.js";
import { emptyData, show, wrongData } from "./refuse.js";
import { encodeSamples } from "./samples.js";
import { streamTable } from "./series.js";
import { PIECE, type Stream, whole } from "./stream.js";
import { Characters, codePoints, encodeText } from "./text.js";
import type { Samples, Table } from "./values.js";

/**
 * `name` is the argument's. A table that is more than a piece is read later, piece by piece. Throws ShapeError, DataError;
 * ConfigError while the vocabulary is open.
 */
export function encodeData(data: Samples | Table | string, { input, output }: Encoding, name = "data"): Bytes | Stream {
  refuseUnready(data, name);
  if (input.kind === "open") throw notFitted();
  if (input.kind === "series") {
    const samples = typeof data === "object" && data !== null && "x" in data && "y" in data;
    // A table may well have columns x and y; one that lacks its targets has not.
    if (!samples || input.plan.target.every((column) => Object.hasOwn(data, column))) {
      const table = streamTable(data as Table, input.plan, name);
      return table.length > PIECE ? table : whole(table);
    }
    const expected = "a table: columns by name, or a list of rows";
    throw wrongData({ path: name, expected, received: "samples { x, y }", hint: "the model's input is a series" });
  }
  if (typeof data === "string") {
    if (input.kind === "tokens" && output.kind === "nextToken") return encodeText(data, input.vocabulary, name);
    const hint =
      input.kind === "values" ? "text wants input.vocabulary" : "a text by itself wants no output: the next token";
    throw wrongData({ path: name, expected: "samples { x, y }", received: "text", hint });
  }
  if (Array.isArray(data)) {
    const hint = "a table wants input.series; sequences alone have no targets";
    throw wrongData({ path: name, expected: "samples { x, y }", received: show(data), hint });
  }
  if (input.kind === "tokens" && output.kind === "nextToken" && !("x" in Object(data))) {
    throw wrongData({ path: name, expected: "a text, or samples { x, y }", received: show(data) });
  }
  return encodeSamples(data as Samples, { input, output }, name === "data" ? "" : `${name}.`);
}

/**
 * The characters of the training part, in the order of their code points: what "characters" stands for.
 * `validation` is the share that is taken from the end; without it everything counts. Throws DataError.
 */
export function charactersOf(data: Samples | string, validation = 0, name = "data"): string[] {
  refuseUnready(data, name);
  const characters = new Characters();
  if (typeof data === "string") {
    if (data.length === 0) throw emptyData(name, "at least one character");
    characters.add(data, (i) => `${name}[${i}]`, trainingCount(codePoints(data), validation));
    return characters.sorted();
  }
  const { x, y } = (typeof data === "object" && data !== null ? data : {}) as { x?: unknown; y?: unknown };
  if (!Array.isArray(x)) {
    const received = x === undefined ? show(data) : `x: ${show(x)}`;
    throw wrongData({ path: name, expected: "text, or samples whose x are texts", received });
  }
  if (x.length === 0) throw emptyData("x", "at least one sequence");
  const count = trainingCount(x.length, validation);
  for (let i = 0; i < count; i++) {
    const text: unknown = x[i];
    if (typeof text !== "string") {
      const hint = 'input.vocabulary "characters" reads text';
      throw wrongData({ path: `x[${i}]`, expected: "text", received: show(text), hint });
    }
    characters.add(text, (t) => `x[${i}][${t}]`);
    // Next characters, which a text's own last one does not have in x.
    const target: unknown = Array.isArray(y) ? y[i] : undefined;
    if (typeof target === "string") characters.add(target, (t) => `y[${i}][${t}]`);
  }
  return characters.sorted();
}

/** Refuses what is only on its way to data: a promise, and an iterator, as a generator function gives. Throws DataError. */
function refuseUnready(data: unknown, path: string): void {
  if (typeof data !== "object" || data === null) return;
  const has = (name: "then" | "next") => name in data && typeof (data as Record<string, unknown>)[name] === "function";
  const expected = "samples, a table or a text";
  if (has("then")) throw wrongData({ path, expected, received: "a promise", hint: "await it" });
  if (!has("next")) return;
  const hint = "a source of batches, which fit and resume read, is the function that gives one: batches, not batches()";
  throw wrongData({ path, expected, received: "an iterator", hint });
}

/** Items of the training part when a share is taken from the end, by the kernel's rule: at least one of two in each part. */
export function trainingCount(n: number, validation: number): number {
  if (!(validation > 0)) return n;
  return n - Math.min(n, Math.max(1, Math.min(Math.round(n * validation), Math.max(n - 1, 1))));
}
