/** Tables over time: forecasts in the user's units, direct and recursive, with columns known ahead. */
import { dense, gru, loadModel, type ModelDescription, type Series } from "retrograd";
import { describe, expect, it } from "vitest";
import { bits, kept, make } from "./support.js";

const day = (i: number) => new Date(Date.UTC(2021, 0, 1 + i));
const demand = (i: number) => 200 + 60 * Math.sin((2 * Math.PI * i) / 7) + (i % 5 === 0 ? 40 : 0);
const rows = Array.from({ length: 240 }, (_, i) => ({
  day: day(i),
  orders: demand(i),
  visits: 3 * demand(i - 1),
  sale: i % 5 === 0 ? 1 : 0,
}));
const ahead = Array.from({ length: 7 }, (_, i) => ({ day: day(240 + i), sale: (240 + i) % 5 === 0 ? 1 : 0 }));
const truth = ahead.map((_, i) => demand(240 + i));

const series: Series = {
  time: "day",
  target: ["orders"],
  past: ["visits"],
  known: ["sale"],
  calendar: ["dayOfWeek"],
  window: 14,
  horizon: 7,
};
const description = (changes: Partial<Series> = {}): ModelDescription => ({
  input: { series: { ...series, ...changes } },
  layers: [gru({ hiddenSize: 20 }), dense()],
});

const error = (forecast: Float32Array) =>
  Math.sqrt(truth.reduce((sum, v, i) => sum + (v - forecast[i]!) ** 2, 0) / truth.length);

describe("forecast", () => {
  it("sees a week ahead, with the sales known for it", async () => {
    const model = await make(description());
    const history = await model.fit(rows, { epochs: 60 });
    expect(history.epochs[0]?.validationLoss).toBeDefined(); // a series validates on its last tenth
    const { orders } = await model.forecast(rows, { known: ahead });
    expect(orders).toHaveLength(7);
    expect(error(orders!)).toBeLessThan(20); // the week's own swing is 42
    const { rmse, mape } = await model.evaluate(rows, { metrics: ["rmse", "mape"] });
    expect(rmse).toBeLessThan(20);
    expect(mape).toBeGreaterThan(0);
    const again = kept(await loadModel(await model.save()));
    expect([...(await again.forecast(rows, { known: ahead })).orders!]).toEqual([...orders!]);
  });

  it("goes as far as asked when it is fed its own forecasts", async () => {
    const model = await make(
      description({ mode: "recursive", past: [], known: [], horizon: 1, transform: "log", difference: 7 }),
    );
    const columns = { day: rows.map((r) => r.day.toISOString()), orders: rows.map((r) => r.orders) };
    await model.fit(columns, { epochs: 20 });
    const { orders } = await model.forecast(columns, { steps: 21 });
    expect(orders).toHaveLength(21);
    for (const value of orders!) expect(value).toBeGreaterThan(0);
  });

  it("is the same for rows and for columns", async () => {
    const model = await make(description());
    const columns = Object.fromEntries(
      (["day", "orders", "visits", "sale"] as const).map((name) => [name, rows.map((r) => r[name])]),
    );
    await model.fit(rows, { epochs: 1 });
    const one = await model.forecast(rows, { known: ahead });
    const other = await model.forecast(columns as never, { known: ahead });
    expect(other).toEqual(one);
    expect(bits({ data: other.orders! } as never)).toEqual(bits({ data: one.orders! } as never));
  });

  it("wants what is known ahead, and enough of the past", async () => {
    const model = await make(description());
    await model.fit(rows, { epochs: 1 });
    await expect(model.forecast(rows)).rejects.toMatchObject({
      name: "DataError",
      path: expect.stringContaining("known"),
    });
    await expect(model.forecast(rows, { known: ahead.slice(0, 3) })).rejects.toMatchObject({ name: "DataError" });
    await expect(model.forecast(rows.slice(0, 5), { known: ahead })).rejects.toMatchObject({ name: "DataError" });
    await expect(
      model.forecast(
        rows.map(({ sale: _, ...r }) => r),
        { known: ahead },
      ),
    ).rejects.toMatchObject({ name: "DataError" });
    await expect(model.forecast(rows, { known: ahead, steps: 0 })).rejects.toMatchObject({
      name: "ConfigError",
      path: "steps",
    });
    await model.forecast(rows, { known: ahead });
  });
});
