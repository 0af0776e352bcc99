// Tables over time: columns and rows, cells, times, calendars, and the rows ahead of a forecast.
import { describe, expect, test } from "vitest";
import { Bundle } from "../../../ts/data/bundle.js";
import { encodeData } from "../../../ts/data/data.js";
import { encodingOf } from "../../../ts/data/encoding.js";
import { encodeForecast, encodeTable, type SeriesPlan, streamTable } from "../../../ts/data/series.js";
import { whole } from "../../../ts/data/stream.js";
import type { Table } from "../../../ts/data/values.js";
import { refusal } from "./caught.js";
import { opened } from "./models.js";

const plan: SeriesPlan = {
  target: ["orders"],
  past: ["visits"],
  known: ["unit price"],
  time: "date",
  calendar: ["dayOfWeek", "month"],
  horizon: 2,
};
const columns = {
  date: ["2024-02-28", "2024-02-29", "2024-03-01"],
  orders: [10, 20, 30],
  visits: Int32Array.of(1, 2, 3),
  "unit price": ["0.5", " -1.25e1 ", ".75"],
};
const rows = columns.date.map((date, i) => ({
  date: new Date(date),
  orders: columns.orders[i]!,
  visits: columns.visits[i]!,
  "unit price": columns["unit price"][i]!,
  note: "not read",
}));
const f64 = (...n: number[]) => Float64Array.from(n);
const nan = Number.NaN;
const encode = (table: unknown, of: SeriesPlan = plan) => Bundle.read(encodeTable(table as Table, of));
const refused = (table: unknown, of: SeriesPlan = plan) => refusal(() => encode(table, of));

test("times that are gone when the calendar is derived", () => {
  const date = Float64Array.from(columns.date, (d) => Date.parse(d));
  const stream = streamTable({ ...columns, date } as Table, plan, "data");
  structuredClone(date, { transfer: [date.buffer] });
  expect(refusal(() => whole(stream))).toContain("data.date: expected 3 cells, as at the call, got 0; data changed");
});

test.each<[string, unknown]>([
  ["columns", columns],
  ["rows", rows],
  ["typed columns", { ...columns, orders: f64(10, 20, 30), date: f64(...columns.date.map((d) => Date.parse(d))) }],
])("a table as %s", (_, table) => {
  const bundle = encode(table);
  expect(bundle.metadata).toEqual({ kind: "series" });
  const names = ["column.orders", "column.visits", "column.unit price", "calendar.dayOfWeek", "calendar.month"];
  expect(bundle.names).toEqual(names);
  expect(names.slice(0, 3).map((name) => bundle.f64(name))).toEqual([
    f64(10, 20, 30),
    f64(1, 2, 3),
    f64(0.5, -12.5, 0.75),
  ]);
  expect(bundle.tokens(names[3]!)).toEqual(Uint16Array.of(2, 3, 4));
  expect(bundle.tokens(names[4]!)).toEqual(Uint16Array.of(1, 1, 2));
});

test("only what is named is read; without a time there need be none", () => {
  const bundle = encode({ y: [1, 2], other: ["a"] }, { target: ["y"], horizon: 1 });
  expect([bundle.names, bundle.f64("column.y")]).toEqual([["column.y"], f64(1, 2)]);
});

test("32 bits stay 32 bits", () => {
  const y = Float32Array.of(0.1, 5);
  expect(encode({ y }, { target: ["y"], horizon: 1 }).f32("column.y")).toEqual(y);
});

test("a large table is the same bundle, read in pieces", () => {
  const rows = 70_000;
  const of = { target: ["y"], past: ["z"], time: "t", calendar: ["hour"], horizon: 1 } as const;
  const table = {
    y: Float64Array.from({ length: rows }, (_, i) => Math.sin(i)),
    z: Array.from({ length: rows }, (_, i) => (i % 3 ? i : `${i}`)),
    t: Float64Array.from({ length: rows }, (_, i) => i * 3_600_000),
  };
  const bundle = opened(encodeData(table, encodingOf({ input: { series: of }, output: { at: "last", size: 1 } })));
  expect(bundle.f64("column.y")).toEqual(table.y);
  expect(bundle.f64("column.z")).toEqual(Float64Array.from(table.z, Number));
  expect([...bundle.tokens("calendar.hour").subarray(-3)]).toEqual([69_997, 69_998, 69_999].map((i) => i % 24));
  table.z[rows - 1] = "?";
  expect(refusal(() => encode(table, of))).toBe('DataError wrongData: data.z[69999]: expected a number, got "?"');
});

test("64 bits are kept", () => {
  expect(encode({ y: [0.1, 1e300] }, { target: ["y"], horizon: 1 }).f64("column.y")).toEqual(f64(0.1, 1e300));
});

describe("tables that are none", () => {
  const cell = (value: unknown) => ({ ...columns, orders: [10, value, 30] });
  const gap = "leave the row out, or fill the gap in";
  const number = (received: string, hint = "") =>
    `DataError wrongData: data.orders[1]: expected a number, got ${received}${hint}`;
  test.each<[unknown, string]>([
    [null, "DataError wrongData: data: expected a table: columns by name, or a list of rows, got null"],
    ["a,b", 'DataError wrongData: data: expected a table: columns by name, or a list of rows, got "a,b"'],
    [
      f64(1),
      "DataError wrongData: data: expected a table: columns by name, or a list of rows, got a Float64Array of 1",
    ],
    [[], "DataError emptyData: data: expected at least one row, got none"],
    [[1, 2], "DataError wrongData: data[0]: expected a row: cells by name, got 1"],
    [[rows[0], [1]], "DataError wrongData: data[1]: expected a row: cells by name, got a list of 1 number"],
    [
      { date: [], orders: [], visits: [], "unit price": [] },
      "DataError emptyData: data: expected at least one row, got none",
    ],
    [{ ...columns, orders: 5 }, "DataError wrongData: data.orders: expected a column: a list of cells, got 5"],
    [{ ...columns, orders: "123" }, 'DataError wrongData: data.orders: expected a column: a list of cells, got "123"'],
    [{ ...columns, visits: [1, 2] }, "ShapeError wrongShape: data.visits: expected 3 cells, as in data.orders, got 2"],
    [
      { ...columns, date: ["2024-01-01"] },
      "ShapeError wrongShape: data.date: expected 3 cells, as in data.orders, got 1",
    ],
    [
      { order: [1], date: [0] },
      'DataError missingColumn: data: expected a column "orders", got "order", "date"; did you mean "order"?',
    ],
    [{}, 'DataError missingColumn: data: expected a column "orders", got no columns'],
    [
      { ...columns, "unit price": undefined, toString: 1 },
      'DataError wrongData: data["unit price"]: expected a column: a list of cells, got undefined',
    ],
    [[{ date: "2024-01-01" }], 'DataError missingColumn: data: expected a column "orders", got "date"'],
    [[{}], 'DataError missingColumn: data: expected a column "orders", got no columns'],
    [cell("ten"), number('"ten"')],
    [cell(""), number('""', `; ${gap}`)],
    [cell(undefined), number("undefined", `; ${gap}`)],
    [cell(null), number("null", `; ${gap}`)],
    [cell("0x1F"), number('"0x1F"')],
    [cell("1,5"), number('"1,5"')],
    [cell("Infinity"), number('"Infinity"')],
    [cell(true), number("true")],
    [cell(new Date(0)), number("1970-01-01T00:00:00.000Z")],
    [cell(nan), "DataError notFinite: data.orders[1]: expected a finite number, got NaN"],
    [
      { ...columns, visits: f64(1, 2, 1 / 0) },
      "DataError notFinite: data.visits[2]: expected a finite number, got Infinity",
    ],
    [
      { ...columns, "unit price": [1, "2e999", 3] },
      'DataError notFinite: data["unit price"][1]: expected a finite number, got Infinity',
    ],
    [
      rows.map((row, i) => (i === 1 ? { ...row, visits: "many" } : row)),
      'DataError wrongData: data[1].visits: expected a number, got "many"',
    ],
    [
      rows.map((row, i) => (i === 2 ? { ...row, "unit price": nan } : row)),
      'DataError notFinite: data[2]["unit price"]: expected a finite number, got NaN',
    ],
    [
      rows.map((row, i) => (i === 2 ? { date: row.date } : row)),
      `DataError wrongData: data[2].orders: expected a number, got undefined; ${gap}`,
    ],
  ])("%o", (table, message) => expect(refused(table)).toBe(message));

  test("a calendar needs a time", () => {
    expect(refused(columns, { target: ["orders"], calendar: ["hour"], horizon: 1 })).toBe(
      "ConfigError missingOption: input.series.time: expected the column that the calendar is derived from, got nothing",
    );
  });
});

describe("times", () => {
  const timed = (date: unknown, calendar: SeriesPlan["calendar"] = []) =>
    encode({ date, y: Array.from(date as []).fill(1 as never) }, { target: ["y"], time: "date", calendar, horizon: 1 });
  const units = ["hour", "dayOfWeek", "dayOfYear", "month"] as const;
  const of = (date: unknown) => {
    const bundle = timed([date], units);
    return units.map((unit) => bundle.tokens(`calendar.${unit}`)[0]);
  };

  test.each<[unknown, number[]]>([
    ["2024-02-29", [0, 3, 59, 1]],
    ["1949-01", [0, 5, 0, 0]],
    ["2024-12-31T23:59:59.999", [23, 1, 365, 11]],
    ["2023-12-31 23:59", [23, 6, 364, 11]],
    ["2024-01-01T00:30+02:00", [22, 6, 364, 11]],
    ["2024-01-01T00:30:00Z", [0, 0, 0, 0]],
    ["2024-01-01T22:30:15,25-0200", [0, 1, 1, 0]],
    ["2024-01-01T10:00 +05", [5, 0, 0, 0]],
    ["2024-01-01T24:00", [0, 1, 1, 0]],
    [" 2024-01-01 ", [0, 0, 0, 0]],
    ["0099-03-01", [0, 6, 59, 2]],
    [new Date("2024-02-29T12:00Z"), [12, 3, 59, 1]],
    [0, [0, 3, 0, 0]],
    [-1, [23, 2, 364, 11]],
    [Date.UTC(1900, 1, 28, 6), [6, 2, 58, 1]],
  ])("%s in UTC", (date, expected) => expect(of(date)).toEqual(expected));

  test("every day of four centuries, as Date counts them", () => {
    const days = Float64Array.from({ length: 146_097 }, (_, i) => Date.UTC(1850, 0, 1 + i, i % 24));
    const bundle = timed(days, units);
    const [hour, week, year, month] = units.map((unit) => bundle.tokens(`calendar.${unit}`));
    for (let i = 0; i < days.length; i += 7) {
      const date = new Date(days[i]!);
      const start = Date.UTC(date.getUTCFullYear(), 0, 1);
      const day = Math.floor((days[i]! - start) / 86_400_000);
      const expected = [date.getUTCHours(), (date.getUTCDay() + 6) % 7, day, date.getUTCMonth()];
      if ([hour, week, year, month].some((unit, k) => unit![i] !== expected[k])) {
        expect(
          [hour, week, year, month].map((unit) => unit![i]),
          date.toISOString(),
        ).toEqual(expected);
      }
    }
  });

  const wanted = "expected a time: a Date, an ISO 8601 string or milliseconds since 1970";
  test.each<[unknown, string]>([
    ["yesterday", '"yesterday"'],
    ["01/02/2024", '"01/02/2024"'],
    ["2024", '"2024"'],
    ["2024-13-01", '"2024-13-01"'],
    ["2023-02-29", '"2023-02-29"'],
    ["2024-00-10", '"2024-00-10"'],
    ["2024-01-01T25:00", '"2024-01-01T25:00"'],
    ["2024-01-01T24:01", '"2024-01-01T24:01"'],
    ["2024-01-01T10:60", '"2024-01-01T10:60"'],
    ["2024-01-01T10:00:60", '"2024-01-01T10:00:60"'],
    ["2024-01-01Tnoon", '"2024-01-01Tnoon"'],
    [new Date(nan), "an invalid date"],
    [nan, "NaN"],
    [1e17, "100000000000000000"],
    [undefined, "undefined"],
    [{}, "an object"],
  ])("%s is none", (date, shown) => {
    expect(refusal(() => timed([0, date]))).toBe(`DataError wrongData: data.date[1]: ${wanted}, got ${shown}`);
  });

  test("stand in order; two rows may share one", () => {
    timed(["2024-01-01", "2024-01-01", "2024-01-02"]);
    expect(refusal(() => timed(["2024-01-01", "2024-01-03", "2024-01-02"]))).toBe(
      "DataError outOfOrder: data.date[2]: expected a time not before that of the row above, 2024-01-03T00:00:00.000Z, " +
        "got 2024-01-02T00:00:00.000Z; sort the rows by time",
    );
  });
});

describe("rows ahead", () => {
  const ahead = { date: ["2024-03-02", "2024-03-03", "2024-03-04"], "unit price": [5, 6, 7] };
  const go = (known: unknown, more: Partial<SeriesPlan> = {}, steps?: number, history: unknown = columns) =>
    Bundle.read(encodeForecast(history as Table, known as Table, steps, { ...plan, ...more }));
  const refused = (...a: Parameters<typeof go>) => refusal(() => go(...a));

  test.each<[string, unknown]>([
    ["columns", ahead],
    ["rows", ahead.date.map((date, i) => ({ date, "unit price": String(ahead["unit price"][i]) }))],
    ["columns without times", { "unit price": [5, 6] }],
  ])("as %s", (_, known) => {
    const bundle = go(known);
    expect(bundle.metadata).toEqual({ kind: "series", history: "3" });
    expect(bundle.f64("column.orders")).toEqual(f64(10, 20, 30, nan, nan));
    expect(bundle.f64("column.visits")).toEqual(f64(1, 2, 3, nan, nan));
    expect(bundle.f64("column.unit price")).toEqual(f64(0.5, -12.5, 0.75, 5, 6));
    expect(bundle.tokens("calendar.dayOfWeek")).toEqual(Uint16Array.of(2, 3, 4, 5, 6));
    expect(bundle.tokens("calendar.month")).toEqual(Uint16Array.of(1, 1, 2, 2, 2));
  });

  test("are as many as the horizon; recursive: as many as asked for", () => {
    const count = (mode: "direct" | "recursive", steps?: number) => go(ahead, { mode }, steps).shape("column.orders");
    expect([
      count("direct"),
      count("direct", 1),
      count("recursive"),
      count("recursive", 1),
      count("recursive", 3),
    ]).toEqual([[5], [5], [5], [4], [6]]);
  });

  test("need no table where nothing is to be known", () => {
    const bundle = go(undefined, { known: [], calendar: [] });
    expect(bundle.names).toEqual(["column.orders", "column.visits"]);
    const irregular = { ...columns, date: [0, 1, 5] };
    expect(go(undefined, { known: [], calendar: [] }, undefined, irregular).names).toEqual(bundle.names);
    const { date, ...rest } = columns;
    expect(go(undefined, { known: [], calendar: [], time: undefined as never }, undefined, rest).names).toEqual(
      bundle.names,
    );
    expect(date.length).toBe(3);
  });

  describe("go on at the history's interval", () => {
    const next = (dates: readonly (string | number)[], horizon = 3) => {
      const history = { date: dates, orders: dates.map(() => 1) };
      const more = { target: ["orders"], past: [], known: [], calendar: ["hour", "dayOfYear"], horizon } as const;
      const bundle = go(undefined, more, undefined, history);
      const at = (unit: string) => [...bundle.tokens(`calendar.${unit}`).slice(dates.length)];
      return at("dayOfYear").map((day, k) => `${day}+${at("hour")[k]}h`);
    };
    test("hours, days, weeks", () => {
      expect(next(["2024-01-01T22:00", "2024-01-01T23:00"])).toEqual(["1+0h", "1+1h", "1+2h"]);
      expect(next(["2024-12-29", "2024-12-30"])).toEqual(["365+0h", "0+0h", "1+0h"]);
      expect(next(["2024-01-01", "2024-01-08", "2024-01-15"])).toEqual(["21+0h", "28+0h", "35+0h"]);
    });
    test("months, by their first, some or last day; quarters; years", () => {
      expect(next(["2023-11", "2023-12", "2024-01"])).toEqual(["31+0h", "60+0h", "91+0h"]);
      expect(next(["2023-07", "2023-08"])).toEqual(["243+0h", "273+0h", "304+0h"]);
      expect(next(["2023-11-15T06:00", "2023-12-15T06:00"])).toEqual(["14+6h", "45+6h", "74+6h"]);
      expect(next(["2023-11-30", "2023-12-31"])).toEqual(["30+0h", "59+0h", "90+0h"]);
      expect(next(["2022-12-29", "2023-01-29"])).toEqual(["58+0h", "87+0h", "118+0h"]);
      expect(next(["2023-07", "2023-10"], 2)).toEqual(["0+0h", "91+0h"]);
      expect(next(["2022-03-01", "2023-03-01"], 2)).toEqual(["60+0h", "59+0h"]);
    });
    test("but working days have to be told", () => {
      const days = ["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12"];
      const message =
        "DataError missingKnown: known: expected a table with the times of 3 rows ahead, known.date, got none; " +
        "the history does not tell them: its rows do not stand at equal intervals";
      expect(refusal(() => next(days))).toBe(message);
      expect(refusal(() => next(["2024-01-04"]))).toBe(message);
      expect(refusal(() => next([0, 0]))).toBe(message);
    });
  });

  test.each<[unknown, string]>([
    [undefined, 'DataError missingKnown: known: expected a table with "unit price" for 2 rows ahead, got none'],
    [{ date: ahead.date }, 'DataError missingColumn: known: expected a column "unit price", got "date"'],
    [{ "unit price": [5] }, "DataError tooShort: known: expected 2 rows ahead, got 1"],
    [{ "unit price": [5, "six"] }, 'DataError wrongData: known["unit price"][1]: expected a number, got "six"'],
    [
      { "unit price": [5, 6], date: ["2024-03-01", "2024-03-02"] },
      "DataError outOfOrder: known.date[0]: expected a time after the history's last, 2024-03-01T00:00:00.000Z, got 2024-03-01T00:00:00.000Z",
    ],
    [
      { "unit price": [5, 6], date: ["2024-03-03", "2024-03-02"] },
      "DataError outOfOrder: known.date[1]: expected a time not before that of the row above, 2024-03-03T00:00:00.000Z, got 2024-03-02T00:00:00.000Z; sort the rows by time",
    ],
    [
      { "unit price": [5, 6], date: ["soon", "later"] },
      'DataError wrongData: known.date[0]: expected a time: a Date, an ISO 8601 string or milliseconds since 1970, got "soon"',
    ],
    [[], "DataError emptyData: known: expected at least one row, got none"],
    [7, "DataError wrongData: known: expected a table: columns by name, or a list of rows, got 7"],
  ])("%o", (known, message) => expect(refused(known)).toBe(message));

  test("the history is called so", () => {
    expect(refused(ahead, {}, undefined, { ...columns, orders: [1, 2, nan] })).toBe(
      "DataError notFinite: history.orders[2]: expected a finite number, got NaN",
    );
    expect(refused(ahead, {}, undefined, [])).toBe("DataError emptyData: history: expected at least one row, got none");
  });

  test("more of them than memory holds", () => {
    expect(
      refused(undefined, { known: [], calendar: [], time: undefined as never, mode: "recursive" }, 2 ** 52),
    ).toMatch(/^MemoryError outOfMemory: the bundle of data needs \d+ bytes, which are not to be had$/);
  });
});

describe("data of a model of a series", () => {
  const encoding = encodingOf({
    input: { series: { target: ["y"], past: ["x"], horizon: 1 } },
    output: { at: "last", size: 1 },
  });
  test("are a table, even one of columns x and y", () => {
    const bundle = opened(encodeData({ x: [1, 2], y: [3, 4] }, encoding));
    expect([bundle.metadata.kind, bundle.f64("column.y")]).toEqual(["series", f64(3, 4)]);
  });
  test("and not samples or text", () => {
    const other = encodingOf({ input: { series: plan }, output: { at: "last", size: 1 } });
    expect(refusal(() => encodeData({ x: [[1]], y: [1] }, other))).toBe(
      "DataError wrongData: data: expected a table: columns by name, or a list of rows, got samples { x, y }; the model's input is a series",
    );
    expect(refusal(() => encodeData("date,orders", other))).toBe(
      'DataError wrongData: data: expected a table: columns by name, or a list of rows, got "date,orders"',
    );
  });
});
