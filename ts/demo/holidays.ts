/**
 * Public holidays of the United States and the days around them, by rule: known for any year, so a forecast may use them.
 * Planned births are moved away from them. Source of the rules: 5 U.S.C. § 6103.
 */
import { calendarDay, dayNumber, weekday } from "./days.js";

/** The day that is the nth (from 1; -1: the last) of its weekday (0, Monday) in a month. */
export function nthWeekday(year: number, month: number, day: number, nth: number): number {
  if (nth < 0) {
    const end = dayNumber(year, month + 1, 1) - 1;
    return end - ((weekday(end) - day + 7) % 7);
  }
  const start = dayNumber(year, month, 1);
  return start + ((day - weekday(start) + 7) % 7) + 7 * (nth - 1);
}

/** A holiday with a date, and the working day on which it is kept: Friday for a Saturday, Monday for a Sunday. */
function observed(day: number): number {
  return day + ([0, 0, 0, 0, 0, -1, 1][weekday(day)] as number);
}

const MONDAY = 0;
const THURSDAY = 3;

/**
 * Columns of holidays: 1 on the day, else 0. Those that move births alike share one. `observed`: the working day on which a
 * holiday at a weekend is kept. `before`, `after`: the days beside the six great ones. `eve`: Christmas Eve, New Year's Eve
 * and the Friday of Thanksgiving. `between`: the other days around Christmas and New Year.
 */
export const HOLIDAYS = [
  "newYear",
  "minor",
  "memorial",
  "independence",
  "labor",
  "thanksgiving",
  "christmas",
  "observed",
  "before",
  "after",
  "eve",
  "between",
  "thirteenth",
  "avoided",
] as const;
export type Holiday = (typeof HOLIDAYS)[number];

type Marks = Map<number, Set<Holiday>>;

function mark(marks: Marks, day: number, holiday: Holiday): void {
  const there = marks.get(day) ?? new Set();
  marks.set(day, there.add(holiday));
}

function holidaysOf(year: number): Marks {
  const marks: Marks = new Map();
  const thanksgiving = nthWeekday(year, 11, THURSDAY, 4);
  const dated: [Holiday, number][] = [
    ["newYear", dayNumber(year, 1, 1)],
    ["independence", dayNumber(year, 7, 4)],
    ["christmas", dayNumber(year, 12, 25)],
  ];
  const moving: [Holiday, number][] = [
    ["memorial", nthWeekday(year, 5, MONDAY, -1)],
    ["labor", nthWeekday(year, 9, MONDAY, 1)],
    ["thanksgiving", thanksgiving],
  ];
  for (const [name, day] of [...dated, ...moving]) {
    mark(marks, day, name);
    mark(marks, day - 1, "before");
    mark(marks, day + 1, "after");
  }
  for (const [, day] of dated) if (observed(day) !== day) mark(marks, observed(day), "observed");
  // Days on which most offices work: King, Washington, Columbus and the veterans.
  for (const day of [
    nthWeekday(year, 1, MONDAY, 3),
    nthWeekday(year, 2, MONDAY, 3),
    nthWeekday(year, 10, MONDAY, 2),
    observed(dayNumber(year, 11, 11)),
  ]) {
    mark(marks, day, "minor");
  }
  mark(marks, dayNumber(year, 12, 24), "eve");
  mark(marks, dayNumber(year, 12, 31), "eve");
  mark(marks, thanksgiving + 1, "eve");
  for (const [month, date] of [
    [12, 23],
    [12, 27],
    [12, 28],
    [12, 29],
    [12, 30],
    [1, 3],
  ] as const) {
    mark(marks, dayNumber(year, month, date), "between");
  }
  // Days that parents would rather not have on a birth certificate.
  mark(marks, dayNumber(year, 4, 1), "avoided");
  mark(marks, dayNumber(year, 10, 31), "avoided");
  for (let month = 1; month <= 12; month++) mark(marks, dayNumber(year, month, 13), "thirteenth");
  return marks;
}

const years = new Map<number, Marks>();

/** Whether a day has a mark. The day before New Year belongs to the year before, so neighbours are asked too. */
export function isHoliday(day: number, holiday: Holiday): boolean {
  const { year } = calendarDay(day);
  for (const y of [year - 1, year, year + 1]) {
    const marks = years.get(y) ?? holidaysOf(y);
    years.set(y, marks);
    if (marks.get(day)?.has(holiday)) return true;
  }
  return false;
}
