/** Data that are read in pieces on their way in, and data that do not fit. */
import { dense, gru, type Model } from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, make, verse } from "./support.js";

const series = { target: ["y"], past: ["z"], window: 8, horizon: 1 } as const;
const forecaster = (workers?: number): Promise<Model> =>
  make({ input: { series }, layers: [gru({ hiddenSize: 4 }), dense()] }, workers === undefined ? {} : { workers });
const y = Float64Array.from({ length: 40_000 }, (_, i) => Math.sin(i / 5));
const z = y.map((v) => 2 * v);
const run = { steps: 3, batchSize: 8 } as const;

describe("a large table", () => {
  it("trains the same as columns, as rows and on two workers", async () => {
    const rows = Array.from(y, (v, i) => ({ y: v, z: z[i]! }));
    const digests: string[] = [];
    for (const table of [{ y, z }, rows]) {
      const model = await forecaster();
      await model.fit(table, run);
      digests.push(await digest(model));
    }
    expect(digests[1]).toBe(digests[0]);
    const teams: string[] = [];
    for (const workers of [1, 2]) {
      const model = await forecaster(workers);
      await model.fit({ y, z }, run);
      teams.push(await digest(model));
    }
    expect(teams[1]).toBe(teams[0]);
  });

  it("is refused for a cell in its midst, and the model goes on", async () => {
    const model = await forecaster();
    const broken = y.slice();
    broken[39_000] = Number.NaN;
    await expect(model.fit({ y: broken, z }, run)).rejects.toMatchObject({ name: "DataError", path: "data.y[39000]" });
    await model.fit({ y, z }, run);
    await expect(model.evaluate({ y: broken, z })).rejects.toMatchObject({ name: "DataError", path: "data.y[39000]" });
    expect((await model.evaluate({ y, z })).loss).toBeGreaterThan(0);
  });

  it("is given up when the signal says so", async () => {
    const model = await forecaster();
    const controller = new AbortController();
    let last = 0;
    const get = (_: object, row: string) => {
      if (row === "length") return 10_000_000;
      last = Number(row);
      if (last === 100_000) controller.abort(new Error("enough"));
      return 1;
    };
    const lost = model.fit(
      { y: new Proxy<number[]>([], { get }), z: new Proxy<number[]>([], { get }) },
      { ...run, signal: controller.signal },
    );
    await expect(lost).rejects.toThrow("enough");
    expect(last).toBeLessThan(1_000_000);
    await model.fit({ y, z }, run);
  });

  it.each([
    ["what one column may have", 400_000_000],
    ["what can be addressed", 4_000_000_000],
  ])("beyond %s is a MemoryError that says how much was asked for", async (_, length) => {
    const model = await forecaster();
    const column = { length } as number[];
    const error = await model.fit({ y: column, z: column }, run).then(
      () => undefined,
      (e) => e,
    );
    expect(error).toMatchObject({ name: "MemoryError", code: "outOfMemory" });
    expect(error.bytes).toBeGreaterThanOrEqual(16 * length);
    await model.fit({ y, z }, run);
  });
});

describe("a long text", () => {
  it("goes on from a saved run as if it had not stopped", async () => {
    const text = verse.repeat(Math.ceil(300_000 / verse.length));
    const describe = { input: { vocabulary: "characters" }, layers: [gru({ hiddenSize: 4 }), dense()] } as const;
    const whole = await make(describe);
    await whole.fit(text, { steps: 6, batchSize: 4, window: 16 });
    const broken = await make(describe);
    await broken.fit(text, { steps: 3, batchSize: 4, window: 16 });
    await broken.resume(text, { steps: 6 });
    expect(await digest(broken)).toBe(await digest(whole));
  });
});
