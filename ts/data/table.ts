/** A user's table, given as columns or as rows: cells by column and row, and how they are called. */
import type { DataError } from "../errors.js";
import { didYouMean } from "./hint.js";
import { copyNumbers, firstNonFinite, isTyped } from "./numeric.js";
import { count, emptyData, show, some, wrongData, wrongShape } from "./refuse.js";
import { notFinite } from "./rows.js";

/** One column: its cells have not been looked at. */
export interface Column {
  readonly length: number;
  readonly cell: (row: number) => unknown;
  readonly path: (row: number) => string;
  /** Throws DataError when there are no longer as many cells: what is read piece by piece is the user's all the while. */
  readonly check: () => void;
  /** The cells themselves, where they stand in one array. */
  readonly array?: ArrayLike<unknown>;
}

export class Cells {
  readonly rows: number;
  readonly #name: string;
  readonly #table: readonly object[] | Readonly<Record<string, unknown>>;

  /** Throws DataError for what is no table, or has no rows. `columns` are those that will be read: they tell the length. */
  constructor(table: unknown, columns: readonly string[], name: string) {
    this.#name = name;
    if (typeof table !== "object" || table === null || isTyped(table)) {
      throw wrongData({ path: name, expected: "a table: columns by name, or a list of rows", received: show(table) });
    }
    this.#table = table as readonly object[] | Readonly<Record<string, unknown>>;
    this.rows = Array.isArray(table) ? table.length : this.#common(columns);
    if (this.rows === 0) throw emptyData(name, "at least one row");
    if (!Array.isArray(table)) return;
    const wrong = table.findIndex((row) => typeof row !== "object" || row === null || Array.isArray(row));
    if (wrong >= 0) {
      throw wrongData({ path: `${name}[${wrong}]`, expected: "a row: cells by name", received: show(table[wrong]) });
    }
  }

  /** Throws DataError for a column that is not there. */
  column(name: string): Column {
    const table = this.#table;
    if (!Array.isArray(table)) {
      const array = this.#array(name);
      const path = member(this.#name, name);
      const { length } = array;
      const check = () => checkUnchanged(path, "cell", length, array.length);
      return { length, cell: (row) => array[row], path: (row) => `${path}[${row}]`, check, array };
    }
    if (!Object.hasOwn(table[0], name)) throw this.#missing(name, Object.keys(table[0]));
    const path = (row: number) => member(`${this.#name}[${row}]`, name);
    const { length } = table;
    const check = () => checkUnchanged(this.#name, "row", length, table.length);
    return { length, cell: (row) => table[row]?.[name], path, check };
  }

  has(name: string): boolean {
    const table = this.#table;
    return Object.hasOwn(Array.isArray(table) ? table[0] : table, name);
  }

  /** The length of all the columns that will be read. */
  #common(columns: readonly string[]): number {
    const [first, ...others] = columns.map((name) => ({ name, length: this.#array(name).length }));
    if (!first) return 0;
    const odd = others.find(({ length }) => length !== first.length);
    if (!odd) return first.length;
    const expected = `${first.length} cells, as in ${member(this.#name, first.name)}`;
    throw wrongShape({ path: member(this.#name, odd.name), expected, received: String(odd.length) });
  }

  #array(name: string): ArrayLike<unknown> {
    const table = this.#table as Readonly<Record<string, unknown>>;
    if (!Object.hasOwn(table, name)) throw this.#missing(name, Object.keys(table));
    const column = table[name];
    const length = typeof column === "object" && column !== null && "length" in column ? column.length : undefined;
    if (typeof length === "number") return column as ArrayLike<unknown>;
    throw wrongData({ path: member(this.#name, name), expected: "a column: a list of cells", received: show(column) });
  }

  #missing(name: string, there: readonly string[]): DataError {
    const expected = `a column ${JSON.stringify(name)}`;
    const received = there.length > 0 ? some(there) : "no columns";
    const path = this.#name;
    return wrongData({ path, expected, received, code: "missingColumn", hint: didYouMean(name, there) });
  }
}

/** Throws DataError when data that are being read are no longer as long as they were, as those whose buffer was transferred. */
function checkUnchanged(path: string, what: string, before: number, now: number): void {
  if (now === before) return;
  const expected = `${count(before, what)}, as at the call`;
  const hint =
    "data changed while they were read; leave them as they are until the run's first report, or until evaluate settles";
  throw wrongData({ path, expected, received: String(now), code: "dataChanged", hint });
}

/** A number as CSV files write it; nothing else, so that neither "" nor "0x1F" is a number. */
const NUMBER = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/;

/** Copies the cells `first …` as numbers, as many as there is room for. Throws DataError for a cell that is none. */
export function copyColumn({ array, cell, path, check }: Column, to: Float64Array | Float32Array, first = 0): void {
  check();
  if (array && isTyped(array)) {
    copyNumbers(array.subarray(first, first + to.length), to, 0);
  } else {
    for (let i = 0; i < to.length; i++) {
      const value = cell(first + i);
      if (typeof value === "number") to[i] = value;
      else if (typeof value === "string" && NUMBER.test(value)) to[i] = Number(value);
      else throw noNumber(value, path(first + i));
    }
  }
  const wrong = firstNonFinite(to);
  if (wrong >= 0) throw notFinite({ path: path(first + wrong), value: to[wrong] });
}

function noNumber(value: unknown, path: string): DataError {
  const hint =
    value === "" || value === undefined || value === null ? "leave the row out, or fill the gap in" : undefined;
  return wrongData({ path, expected: "a number", received: show(value), hint });
}

/** `data.orders`, `data["unit price"]`. */
export function member(object: string, name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `${object}.${name}` : `${object}[${JSON.stringify(name)}]`;
}
