/** Times of rows, in milliseconds since 1970, and the calendar derived from them. All of it is UTC: a zone would make data differ from place to place. */
import { show, wrongData } from "./refuse.js";
import type { Column } from "./table.js";

export type CalendarUnit = "hour" | "dayOfWeek" | "dayOfYear" | "month";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** What a Date can hold. */
const LIMIT = 8.64e15;

/** ISO 8601: a month, a day, or a day and a time, with a zone or without. */
const ISO =
  /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?)?$/;

/** Milliseconds since 1970; undefined for what is no time. */
export function timeOf(value: unknown): number | undefined {
  let time: number | undefined;
  if (typeof value === "number") time = value;
  else if (value instanceof Date) time = value.getTime();
  else if (typeof value === "string") time = parse(value);
  return time !== undefined && Math.abs(time) <= LIMIT ? time : undefined;
}

/** Date.parse reads times without a zone as local ones, and much else besides. */
function parse(text: string): number | undefined {
  const found = ISO.exec(text.trim());
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((i) => Number(found[i] ?? (i === 3 ? 1 : 0)));
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for those of the last century.
  date.setUTCFullYear(year!, month! - 1, day!);
  if (date.getUTCMonth() !== month! - 1 || date.getUTCDate() !== day || minute! > 59 || second! > 59) return undefined;
  if (hour! > 24 || (hour === 24 && minute! + second! > 0)) return undefined;
  const fraction = Number(`0.${found[7] ?? 0}`);
  return date.getTime() + hour! * HOUR + minute! * 60_000 + (second! + fraction) * 1000 - zone(found[8]);
}

/** Milliseconds east of Greenwich. */
function zone(text: string | undefined): number {
  if (text === undefined || text === "Z") return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(3).replace(":", ""));
  return (text.startsWith("-") ? -1 : 1) * minutes * 60_000;
}

/** Times of the first `rows` cells. Throws DataError for a cell that is none and for one that is earlier than that before it. */
export function readTimes({ array, cell, path }: Column, rows: number): Float64Array {
  // Milliseconds in an array of their own are times as they stand, if the loop below finds nothing wrong.
  const times = array instanceof Float64Array && array.length === rows ? array : new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const value = cell(row);
    const time = timeOf(value);
    if (time === undefined) {
      const expected = "a time: a Date, an ISO 8601 string or milliseconds since 1970";
      throw wrongData({ path: path(row), expected, received: show(value) });
    }
    if (row > 0 && time < times[row - 1]!) {
      const expected = `a time not before that of the row above, ${iso(times[row - 1]!)}`;
      const hint = "sort the rows by time";
      throw wrongData({ path: path(row), expected, received: iso(time), code: "outOfOrder", hint });
    }
    if (times !== array) times[row] = time;
  }
  return times;
}

export function iso(time: number): string {
  return new Date(time).toISOString();
}

/** Raw calendar numbers of the times `first …`: hour 0-23, dayOfWeek 0-6 (Monday is 0), dayOfYear 0-365, month 0-11. */
export function copyCalendar(unit: CalendarUnit, times: Float64Array, to: Uint16Array, first: number): void {
  for (let i = 0; i < to.length; i++) to[i] = calendarOf(unit, times[first + i]!);
}

function calendarOf(unit: CalendarUnit, time: number): number {
  const day = Math.floor(time / DAY);
  switch (unit) {
    case "hour":
      return Math.floor((time - day * DAY) / HOUR);
    case "dayOfWeek":
      // 1970 began on a Thursday.
      return (((day + 3) % 7) + 7) % 7;
    case "dayOfYear":
      return day - Math.floor(startOfYear(time) / DAY);
    case "month":
      return new Date(time).getUTCMonth();
  }
}

function startOfYear(time: number): number {
  const date = new Date(time);
  date.setUTCMonth(0, 1);
  return date.setUTCHours(0, 0, 0, 0);
}

/** Rows that tell the interval: so many that a weekend among days is seen. */
const LOOKED_AT = 32;

/** The `count` times that come next, where the last rows stand at equal intervals, or on the same day of every n-th month; else undefined. */
export function nextTimes(times: Float64Array, count: number): Float64Array | undefined {
  const last = times.length - 1;
  const from = Math.max(1, times.length - LOOKED_AT + 1);
  if (last < 1) return undefined;
  const interval = times[last]! - times[last - 1]!;
  const months = monthOf(times[last]!) - monthOf(times[last - 1]!);
  let [equal, monthly] = [interval > 0, months > 0];
  for (let row = from; row <= last; row++) {
    equal &&= times[row]! - times[row - 1]! === interval;
    monthly &&= monthOf(times[row]!) - monthOf(times[row - 1]!) === months && samePlace(times[row]!, times[row - 1]!);
  }
  // July, August and September begin at equal intervals too.
  if (monthly) return Float64Array.from({ length: count }, (_, k) => laterMonth(times[last]!, (k + 1) * months));
  if (equal) return Float64Array.from({ length: count }, (_, k) => times[last]! + (k + 1) * interval);
  return undefined;
}

function monthOf(time: number): number {
  const date = new Date(time);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** Whether both stand at one place in their months: the same day, or the last one. */
function samePlace(a: number, b: number): boolean {
  if (a - Math.floor(a / DAY) * DAY !== b - Math.floor(b / DAY) * DAY) return false;
  return new Date(a).getUTCDate() === new Date(b).getUTCDate() || (isLastDay(a) && isLastDay(b));
}

function isLastDay(time: number): boolean {
  return new Date(time + DAY).getUTCDate() === 1;
}

function laterMonth(time: number, months: number): number {
  const date = new Date(time);
  const [day, last] = [date.getUTCDate(), isLastDay(time)];
  date.setUTCMonth(date.getUTCMonth() + months + 1, 0);
  if (!last) date.setUTCDate(Math.min(day, date.getUTCDate()));
  return date.getTime();
}
