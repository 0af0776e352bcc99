/** Tables over time as bundles of kind "series": columns in the user's units, and raw calendar numbers. NOT: windows, scaling. */
import { ConfigError } from "../errors.js";
import type { Bytes } from "./bundle.js";
import { build, type Part } from "./parts.js";
import { allocate, some, wrongData } from "./refuse.js";
import { type Flow, type Stream, streamed, whole } from "./stream.js";
import { Cells, copyColumn, member } from "./table.js";
import { type CalendarUnit, copyCalendar, iso, nextTimes, readTimes } from "./time.js";
import type { Table } from "./values.js";

/** What a description says about a series; the rest of it is the kernel's. */
export interface SeriesPlan {
  readonly target: readonly string[];
  readonly past?: readonly string[];
  readonly known?: readonly string[];
  readonly time?: string;
  readonly calendar?: readonly CalendarUnit[];
  readonly horizon: number;
  readonly mode?: "direct" | "recursive";
}

const seen = ({ target, past = [] }: SeriesPlan): string[] => [...target, ...past];
/** All columns that are read, the time last. */
const read = (plan: SeriesPlan): string[] => [...seen(plan), ...(plan.known ?? []), ...timeColumn(plan)];

function timeColumn({ time, calendar = [] }: SeriesPlan): string[] {
  if (time !== undefined) return [time];
  if (calendar.length === 0) return [];
  throw new ConfigError("input.series.time: expected the column that the calendar is derived from, got nothing", {
    code: "missingOption",
    path: "input.series.time",
  });
}

/** `column.{name}` and `calendar.{unit}`, each [rows]. Throws DataError and ShapeError by column and row. */
export function encodeTable(table: Table, plan: SeriesPlan, name = "data"): Bytes {
  return whole(streamTable(table, plan, name));
}

/** The same, to be read piece by piece: cells are looked at only then. A column of 32-bit floats stays one. */
export function streamTable(table: Table, plan: SeriesPlan, name: string): Stream {
  const cells = new Cells(table, read(plan), name);
  const { rows } = cells;
  const columns = [...seen(plan), ...(plan.known ?? [])].map((column) => {
    const from = cells.column(column);
    const dtype = from.array instanceof Float32Array ? "F32" : "F64";
    const fill = (to: Float64Array | Float32Array, first: number) => copyColumn(from, to, first);
    return { spec: { ...spec(`column.${column}`, rows), dtype }, open: () => fill } as Flow;
  });
  if (plan.time === undefined) return streamed(columns, { kind: "series" });
  const from = cells.column(plan.time);
  // They may be the user's own array.
  return streamed([...columns, ...calendar(plan, readTimes(from, rows), rows, from.check)], { kind: "series" });
}

/**
 * The same of a history and of the rows after it, of which only known columns and the calendar are told: the others are
 * NaN there. Where `known` has no times they go on at the history's interval, or month by month.
 */
export function encodeForecast(
  history: Table,
  known: Table | undefined,
  steps: number | undefined,
  plan: SeriesPlan,
): Bytes {
  const ahead = plan.mode === "recursive" ? (steps ?? plan.horizon) : plan.horizon;
  const past = new Cells(history, read(plan), "history");
  const future = aheadOf(known, ahead, plan);
  const rows = past.rows + ahead;
  const part = (column: string, write: (to: Float64Array) => void): Part => ({
    spec: spec(`column.${column}`, rows),
    write: (bundle) => {
      const to = bundle.f64(`column.${column}`);
      copyColumn(past.column(column), to.subarray(0, past.rows));
      write(to.subarray(past.rows));
    },
  });
  const columns = [
    ...seen(plan).map((column) => part(column, (to) => to.fill(Number.NaN))),
    // Where there are known columns, aheadOf has made sure of the table.
    ...(plan.known ?? []).map((column) => part(column, (to) => copyColumn(future!.column(column), to))),
  ];
  const before = plan.time === undefined ? undefined : readTimes(past.column(plan.time), past.rows);
  const times = before && allocate(rows * 8, "the forecast", () => new Float64Array(rows));
  if (before && times) {
    times.set(before);
    times.set(timesAfter(before, ahead, future, plan), past.rows);
  }
  const units = (times ? calendar(plan, times, rows) : []).map(
    ({ spec, open }): Part => ({ spec, write: (bundle) => open()(bundle.tokens(spec.name), 0) }),
  );
  return build([...columns, ...units], { kind: "series", history: String(past.rows) });
}

/** The table of the rows ahead; nothing where nothing is wanted of it. */
function aheadOf(known: Table | undefined, ahead: number, plan: SeriesPlan): Cells | undefined {
  const columns = plan.known ?? [];
  if (known === undefined) {
    if (columns.length === 0) return undefined;
    const expected = `a table with ${some(columns)} for ${ahead} rows ahead`;
    throw wrongData({ path: "known", expected, received: "none", code: "missingKnown" });
  }
  if (columns.length === 0 && plan.time === undefined) {
    throw wrongData({
      path: "known",
      expected: "nothing: the model has no known columns and no time",
      received: "a table",
    });
  }
  const time = plan.time !== undefined && hasColumn(known, plan.time) ? [plan.time] : [];
  const cells = new Cells(known, [...columns, ...time], "known");
  if (columns.length + time.length > 0 && cells.rows < ahead) {
    throw wrongData({ path: "known", expected: `${ahead} rows ahead`, received: String(cells.rows), code: "tooShort" });
  }
  return cells;
}

function hasColumn(table: unknown, name: string): boolean {
  const row: unknown = Array.isArray(table) ? table[0] : table;
  return typeof row === "object" && row !== null && Object.hasOwn(row, name);
}

/** Times of the rows after `before`; zeros where no calendar asks for them. */
function timesAfter(before: Float64Array, ahead: number, future: Cells | undefined, plan: SeriesPlan): Float64Array {
  const name = plan.time!;
  if (future?.has(name)) {
    const column = future.column(name);
    const times = readTimes(column, ahead);
    const last = before.at(-1)!;
    if (times[0]! > last) return times;
    const expected = `a time after the history's last, ${iso(last)}`;
    throw wrongData({ path: column.path(0), expected, received: iso(times[0]!), code: "outOfOrder" });
  }
  if (!plan.calendar?.length) return new Float64Array(ahead);
  const times = nextTimes(before, ahead);
  if (times) return times;
  const expected = `a table with the times of ${ahead} rows ahead, ${member("known", name)}`;
  const hint = "the history does not tell them: its rows do not stand at equal intervals";
  throw wrongData({ path: "known", expected, received: "none", code: "missingKnown", hint });
}

/** `check` throws when the times are no longer there. */
function calendar(plan: SeriesPlan, times: Float64Array, rows: number, check = () => {}): Flow[] {
  return (plan.calendar ?? []).map((unit) => ({
    spec: { ...spec(`calendar.${unit}`, rows), dtype: "U16" },
    open: () => (to, first) => {
      check();
      copyCalendar(unit, times, to as Uint16Array, first);
    },
  }));
}

function spec(name: string, rows: number) {
  return { name, dtype: "F64", shape: [rows] } as const;
}
