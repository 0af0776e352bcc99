/** The births as a table for a series model: what each day shows, and what is known of it before it comes. */
import { type Births, YEAR } from "./births.js";
import { isoDay } from "./days.js";
import { HOLIDAYS, isHoliday } from "./holidays.js";

/** Columns known ahead: the births 364 days before (known for any horizon up to 364), and the holidays. */
export const KNOWN = ["yearBack", ...HOLIDAYS];

export type Row = Record<string, number | string>;

export interface BirthsTable {
  /** One row a day from 364 days after the first one. */
  rows: Row[];
  /** Rows after the last day, without the births. */
  future: Row[];
}

export function birthsTable({ day, count }: Births, horizon: number): BirthsTable {
  const known = (t: number): Row => ({
    date: isoDay(day[0]! + t),
    // As the births themselves: changes are shares, not numbers.
    yearBack: Math.log(count[t - YEAR]!),
    ...Object.fromEntries(HOLIDAYS.map((holiday) => [holiday, isHoliday(day[0]! + t, holiday) ? 1 : 0])),
  });
  const rows: Row[] = [];
  for (let t = YEAR; t < count.length; t++) rows.push({ ...known(t), births: count[t]! });
  const future = Array.from({ length: horizon }, (_, k) => known(count.length + k));
  return { rows, future };
}

/** A row as it is known before its day. */
export function withoutBirths({ births, ...known }: Row): Row {
  return known;
}
