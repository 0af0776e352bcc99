/** A smaller twin of `npm run demo`: the same code with less training, its rules and its arithmetic. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { checkBaselines, YEAR_RULE } from "../../ts/demo/baselines.js";
import { loadBirths, TEST_DAYS } from "../../ts/demo/births.js";
import { birthsTable, KNOWN } from "../../ts/demo/births-table.js";
import { calendarDay, dayNumber, isoDay } from "../../ts/demo/days.js";
import { PLAN } from "../../ts/demo/demand.js";
import { demo, REPORT } from "../../ts/demo/demo.js";
import { differences, loss64 } from "../../ts/demo/elman64.js";
import { trainForecaster } from "../../ts/demo/forecaster.js";
import { HOLIDAYS, type Holiday, isHoliday } from "../../ts/demo/holidays.js";
import { ngramBits } from "../../ts/demo/ngram.js";
import { mulberry32 } from "../../ts/demo/random.js";
import { picture, type Results } from "../../ts/demo/report.js";
import { score } from "../../ts/demo/scores.js";

describe("rules and arithmetic", () => {
  test.each<[string, Holiday]>([
    ["2003-01-01", "newYear"],
    ["2003-01-20", "minor"], // King
    ["2003-02-17", "minor"], // Washington
    ["2003-05-26", "memorial"],
    ["2003-07-04", "independence"],
    ["2003-09-01", "labor"],
    ["2003-10-13", "minor"], // Columbus
    ["2003-11-11", "minor"], // veterans
    ["2003-11-27", "thanksgiving"],
    ["2003-11-28", "eve"],
    ["2003-12-25", "christmas"],
    ["2003-12-31", "before"], // of the next year's first day
    ["1999-12-31", "observed"], // 2000-01-01 was a Saturday
    ["1994-12-26", "observed"], // and Christmas 1994 a Sunday
  ])("%s is %s", (day, holiday) => {
    expect(isHoliday(Date.parse(day) / 86_400_000, holiday)).toBe(true);
  });

  test("an ordinary day has no mark", () => {
    const day = dayNumber(2003, 3, 5);
    expect(HOLIDAYS.filter((holiday) => isHoliday(day, holiday))).toEqual([]);
    expect([isoDay(day), calendarDay(day)]).toEqual(["2003-03-05", { year: 2003, month: 3, date: 5, weekday: 2 }]);
  });

  test("the baselines have the figures known of this data", () => {
    expect(() => checkBaselines(loadBirths())).not.toThrow();
    const { day, count } = loadBirths();
    expect(() => checkBaselines({ day, count: [...count.slice(0, -1), 9000] })).toThrow(/known/);
  });

  test("a row known ahead tells nothing of its own day or a later one", () => {
    const births = loadBirths();
    const { rows, future } = birthsTable(births, 7);
    const { rows: changed, future: later } = birthsTable({ ...births, count: [...births.count.slice(0, -1), 1] }, 7);
    const known = (row: Record<string, unknown>) => ["date", ...KNOWN].map((name) => row[name]);
    expect(changed.map(known)).toEqual(rows.map(known));
    expect(later).toEqual(future);
    expect(Object.keys(future[0]!)).not.toContain("births");
    expect(rows.at(-1)!.date).toBe("2003-12-31");
    expect(future[0]!.yearBack).toBe(Math.log(births.count.at(-364)!));
  });

  test("a forecast made before a day knows nothing of it, nor do scales, weights and the best epoch", async () => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    const births = loadBirths();
    const day = 200; // of the test year; all births from here on are others
    const first = births.count.length - TEST_DAYS + day;
    const other = { ...births, count: births.count.map((n, t) => (t < first ? n : 20_000 - n)) };
    const plan = { horizon: 7, hiddenSize: 4, epochs: 2, validationDays: 292 };
    const [right, changed] = [await trainForecaster(births, plan), await trainForecaster(other, plan)];
    vi.restoreAllMocks();
    expect(changed.history.best).toEqual(right.history.best);
    expect([...changed.history.steps.loss]).toEqual([...right.history.steps.loss]);
    for (const [k, forecasts] of right.ahead.entries()) {
      // Those of day i were made when i - k days were known.
      expect(changed.ahead[k]!.slice(0, day + k + 1)).toEqual(forecasts.slice(0, day + k + 1));
      for (let i = day + k + 1; i < TEST_DAYS; i++) expect(changed.ahead[k]![i]).not.toBe(forecasts[i]);
    }
  });

  test("finite differences are the slopes of the loss", () => {
    // One unit, one step: L = (tanh(u x + b) - y)², dL/db = 2 (h - y)(1 - h²), and x times that for u.
    const weights = { W: [[0.3]], U: [[0.5]], b: [0.1] };
    const h = Math.tanh(0.5 * 2 + 0.1);
    const slope = 2 * (h - 0.4) * (1 - h * h);
    const { W, U, b } = differences(weights, [[2]], [[0.4]]);
    expect(loss64(weights, [[2]], [[0.4]])).toBeCloseTo((h - 0.4) ** 2, 14);
    expect([W[0]![0], U[0]![0], b[0]]).toEqual([0, expect.closeTo(2 * slope, 8), expect.closeTo(slope, 8)]);
  });

  test("n-grams of known texts", () => {
    // One order, seen half and half: (2 + 2 · 1/2) / (4 + 2) = 1/2, one bit.
    expect(ngramBits("abab", "ab", 1)).toBeCloseTo(1, 14);
    // After a: counted 2 of 2 for b, 1 kind: (2 + 1/2) / 3.
    expect(ngramBits("abab", "ab", 2)).toBeCloseTo(-Math.log2(2.5 / 3), 14);
  });

  test("scores", () => {
    const { rmse, mape } = score([110, 180], [100, 200]);
    expect([rmse, mape]).toEqual([Math.sqrt(250), 10]);
  });
});

describe("the three parts and the report", () => {
  const folder = mkdtempSync(join(tmpdir(), "retrograd-demo-"));
  const printed: string[] = [];
  let parts: Results;

  // The textbook part as it is, the others smaller, and by updates: a clock would make each machine's test another.
  beforeAll(async () => {
    const log = vi.spyOn(console, "log").mockImplementation((...words) => void printed.push(words.join(" ")));
    const { seconds: _, ...guarded } = PLAN;
    parts = await demo(folder, {
      demand: { ...guarded, hiddenSize: 16, epochs: 6 },
      text: { units: 32, by: "updates", length: 150, trial: 20, every: 60 },
    });
    log.mockRestore();
  }, 300_000);
  afterAll(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });

  test("the textbook example learns, and its gradient is right", () => {
    const { before, after, later, baselines, losses, deviation } = parts.textbook;
    expect(losses).toHaveLength(99);
    expect(deviation).toBeLessThan(1e-5);
    expect(after).toBeLessThan(Math.min(before / 2, baselines.mean));
    expect(later).toBeLessThan(baselines.same);
  });

  test("its 99 updates are those of truncated backpropagation worked in 64-bit floats", () => {
    const expected = byHand();
    const { losses, weights } = parts.textbook;
    const apart = (found: number[], right: number[]) => Math.max(...found.map((v, i) => Math.abs(v - right[i]!)));
    expect(apart(losses, expected.losses)).toBeLessThan(1e-5);
    const flat = ({ W, U, b }: typeof weights) => [...W, ...U, b].flat();
    expect(apart(flat(weights), flat(expected.weights))).toBeLessThan(1e-5);
  });

  test("births are forecast better than by the best simple rule required", () => {
    const { lines, one, seven, truth } = parts.demand;
    expect(truth).toHaveLength(TEST_DAYS);
    expect([one.ahead.length, seven.ahead.length]).toEqual([1, 7]);
    expect([...one.ahead, ...seven.ahead].flat().every(Number.isFinite)).toBe(true);
    expect(lines.at(-1)!.one.rmse).toBeLessThan(620.7);
    const rule = lines.find(({ name }) => name === YEAR_RULE)!;
    expect(rule.one.rmse).toBeCloseTo(620.7, 1);
    expect(lines.at(-1)!.seventh.rmse).toBeLessThan(rule.seventh.rmse);
  });

  test("the text model knows more than how often each letter comes", () => {
    const { validation, baselines, generated } = parts.text;
    expect(validation.at(-1)!.bits).toBeLessThan(baselines[0]!.bits);
    expect(generated.length).toBeGreaterThan(20);
  });

  test("the textbook part prints W, U and b as they are, and how far the gradient is off", () => {
    const { weights, deviation } = parts.textbook;
    const number = String.raw`\[ *(-?\d\.\d{4}) +(-?\d\.\d{4}) \]`;
    const [first, second] = [0, 1].map((i) => {
      const name = (text: string) => (i === 0 ? `${text} = ` : " +");
      const line = new RegExp(
        `^ +${name("W")}${number} +${name("U")}${number} +${name("b")}\\[ *(-?\\d\\.\\d{4}) \\]$`,
      );
      return printed.map((words) => line.exec(words)).find((found) => found);
    });
    const told = (found: RegExpExecArray | null | undefined) => found!.slice(1).map(Number);
    const rounded = (i: number) => [...weights.W[i]!, ...weights.U[i]!, weights.b[i]!].map((v) => Number(v.toFixed(4)));
    expect([told(first), told(second)]).toEqual([rounded(0), rounded(1)]);
    const figure = /gradient against central differences in 64-bit floats: (\S+) of the largest element/;
    expect(printed.map((words) => figure.exec(words)?.[1])).toContain(deviation.toExponential(1));
  });

  test("each part says what it does, how it went and how long it took", () => {
    const words = printed.join("\n");
    for (const part of ["1  The textbook", "2  Demand", "3  Text"]) expect(words).toContain(part);
    expect(words.match(/steps\/s/g)!.length).toBeGreaterThanOrEqual(4);
    expect(words.match(/ {2}time \d/g)).toHaveLength(3);
    expect(words).toContain(join(folder, REPORT));
  });

  test("the report needs nothing else", () => {
    const html = readFileSync(join(folder, REPORT), "utf8");
    expect(html.match(/<figure><svg/g)).toHaveLength(8);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    // Namespaces are names, not addresses that anything loads.
    expect(html.replace(/xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/https?:|<script|<link|@import|url\(["']?[^#"']/);
    expect(picture(parts).match(/<svg x=/g)).toHaveLength(2);
  });
});

/**
 * The textbook run again, sharing its first weights and nothing else: at each step the loss of that step alone, through at
 * most 20 steps from the state as it was before them, by central differences, and one step of gradient descent.
 */
function byHand(): { losses: number[]; weights: { W: number[][]; U: number[][]; b: number[] } } {
  const random = mulberry32(1);
  const draw = (n: number) => Array.from({ length: n }, () => 2 * random() - 1);
  // W by rows; then for each unit its row of U and its b.
  const p = [...draw(4), ...draw(6)];
  const row = (t: number) => [0b00, 0b01, 0b10, 0b11].map((n) => [n >> 1, n & 1])[Math.floor(t / 5) % 4]!;
  const step = (h: readonly number[], x: readonly number[]) =>
    [0, 1].map((i) => {
      const [w, u] = [p.slice(2 * i), p.slice(4 + 3 * i)];
      return Math.tanh(w[0]! * h[0]! + w[1]! * h[1]! + u[0]! * x[0]! + u[1]! * x[1]! + u[2]!);
    });
  const states = [[0, 0]]; // before each step, as it was when that step came
  const losses: number[] = [];
  for (let t = 0; t < 99; t++) {
    const first = Math.max(0, t - 19);
    const reached = () => {
      let h = states[first]!;
      for (let s = first; s <= t; s++) h = step(h, row(s));
      return h;
    };
    const loss = () => reached().reduce((sum, h, i) => sum + (h - row(t + 1)[i]!) ** 2, 0) / 2;
    states.push(reached());
    losses.push(loss());
    const slopes = p.map((kept, k) => {
      p[k] = kept + 1e-5;
      const above = loss();
      p[k] = kept - 1e-5;
      const below = loss();
      p[k] = kept;
      return (above - below) / 2e-5;
    });
    slopes.forEach((slope, k) => {
      p[k]! -= 0.1 * slope;
    });
  }
  const [W, U] = [
    [p.slice(0, 2), p.slice(2, 4)],
    [p.slice(4, 6), p.slice(7, 9)],
  ];
  return { losses, weights: { W, U, b: [p[6]!, p[9]!] } };
}
