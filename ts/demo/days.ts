/** Days as whole numbers since 1970-01-01 (UTC), so that calendar rules are integer arithmetic and no time zone can come in. */

const LENGTH = 86_400_000;

export interface CalendarDay {
  year: number;
  /** 1 … 12 */
  month: number;
  /** 1 … 31 */
  date: number;
  /** 0, Monday … 6 */
  weekday: number;
}

export function dayNumber(year: number, month: number, date: number): number {
  return Date.UTC(year, month - 1, date) / LENGTH;
}

export function calendarDay(day: number): CalendarDay {
  const time = new Date(day * LENGTH);
  return {
    year: time.getUTCFullYear(),
    month: time.getUTCMonth() + 1,
    date: time.getUTCDate(),
    weekday: weekday(day),
  };
}

/** 0, Monday … 6; 1970-01-01 was a Thursday. */
export function weekday(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

/** As 2003-12-31. */
export function isoDay(day: number): string {
  return new Date(day * LENGTH).toISOString().slice(0, 10);
}
