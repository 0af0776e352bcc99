/**
 * A run's records as text: JSON lines or CSV, of a whole history or of events as they come. Pure: where the text goes is the
 * caller's business, so that it is the same in Node, Deno, Bun and browsers.
 */
import { show, wrongData } from "../data/refuse.js";
import type { DataError } from "../errors.js";
import type { History, Progress } from "./types.js";

/** What can be written down: a history, or some of a run's events (`history.epochs`, one of `for await`). */
export type Records = History | Progress | Iterable<Progress>;

export interface CsvOptions {
  /** In their order, by path (`validationMetrics.rmse`); default: all that any of the records has. A piece of a longer file wants those of the others. */
  columns?: readonly string[];
  /** Whether the first line names the columns; default true. */
  header?: boolean;
}

type Line = Record<string, unknown>;

/**
 * One line of JSON a record, each with its `kind`. Of a history: its steps and epochs by their step, and at the end
 * `{ kind: "end", reason, best?, warnings }`. Numbers read back to the same bits; JSON lacks those that are not finite, which
 * are the texts "Infinity", "-Infinity" and "NaN", as `Number` reads them.
 */
export function toJsonLines(records: Records): string {
  return lines(records, true)
    .map((line) => `${JSON.stringify(line, (_, value) => finite(value))}\n`)
    .join("");
}

/**
 * One line a record under one of column names, by RFC 4180; fields of objects are columns of their own, `metrics.accuracy`.
 * What a record lacks is empty. Numbers read back to the same bits. Of a history: its steps and epochs.
 */
export function toCsv(records: Records, { columns, header = true }: CsvOptions = {}): string {
  const rows = lines(records, false).map((line) => new Map(flat(line)));
  const names = columns ?? [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const table = rows.map((row) => names.map((name) => cell(row.get(name) ?? "")));
  if (header) table.unshift(names.map(cell));
  return table.map((row) => `${row.join(",")}\r\n`).join("");
}

/** Throws DataError for what holds no records. */
function lines(records: Records, end: boolean): Line[] {
  if (!isObject(records)) throw noRecords(records);
  if (Symbol.iterator in records) {
    const all = [...records] as unknown as Line[];
    const wrong = all.findIndex((record) => !isObject(record));
    if (wrong >= 0) throw noRecords(all[wrong], `[${wrong}]`);
    return all;
  }
  if ("kind" in records) return [records as unknown as Line];
  if (!("steps" in records && isObject(records.steps) && "epochs" in records && isObject(records.epochs))) {
    throw noRecords(records);
  }
  const { epochs, steps, reason, best, warnings } = records;
  const of = (values: Float32Array | Float64Array, i: number) => values[i] as number;
  const all: Line[] = [...steps.step].map((step, i) => ({
    kind: "step",
    step,
    loss: of(steps.loss, i),
    gradientNorm: of(steps.gradientNorm, i),
    learningRate: of(steps.learningRate, i),
  }));
  all.push(...(epochs as unknown as Line[]));
  // Stable: an epoch comes after its last step.
  all.sort((a, b) => (a.step as number) - (b.step as number));
  if (end) all.push({ kind: "end", reason, ...(best && { best }), warnings });
  return all;
}

const isObject = (value: unknown) => typeof value === "object" && value !== null;

function noRecords(value: unknown, at = ""): DataError {
  const expected = at ? "an event of a run" : "a history, an event of a run or a list of events";
  const hint = value instanceof Promise ? "await the run" : undefined;
  return wrongData({ path: `records${at}`, expected, received: show(value), hint });
}

const finite = (value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);

function flat(line: Line, prefix = ""): [string, string][] {
  return Object.entries(line).flatMap(([name, value]): [string, string][] =>
    typeof value === "object" && value !== null
      ? flat(value as Line, `${prefix}${name}.`)
      : value === undefined
        ? []
        : [[prefix + name, String(value)]],
  );
}

const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
