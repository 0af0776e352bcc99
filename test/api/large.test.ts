/** Data that are read in pieces on their way in, and data that do not fit. */
import { dense, gru, type Model, type Table } from "retrograd";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ports } from "./ports.js";
import { digest, make, threads, verse } from "./support.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

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

  /** A table of so many rows that notes how many cells were read, and does something at one of them. */
  const watched = (rows: number, at: number, then: () => void) => {
    const seen = { cells: 0 };
    const get = (_: object, row: string) => {
      if (row === "length") return rows;
      if (++seen.cells === at) then();
      return 1;
    };
    return { seen, table: { y: new Proxy<number[]>([], { get }), z: new Proxy<number[]>([], { get }) } };
  };

  it.each([1, 2, 3])("is given up when the signal says so, by %d workers", async (workers) => {
    const model = await forecaster(workers);
    const made = threads();
    const controller = new AbortController();
    const { seen, table } = watched(10_000_000, 100_000, () => controller.abort(new Error("enough")));
    await expect(model.fit(table, { ...run, signal: controller.signal })).rejects.toThrow("enough");
    expect(seen.cells).toBeLessThan(1_000_000);
    await vi.waitFor(() => expect(made.every(({ threadId }) => threadId === -1)).toBe(true));
    await model.fit({ y, z }, run);
  });

  it.each([1, 2, 3])("is given up when the model is disposed of, by %d workers", async (workers) => {
    const made = threads();
    const model = await forecaster(workers);
    const { seen, table } = watched(10_000_000, 100_000, () => void model.dispose());
    await expect(model.fit(table, run)).rejects.toMatchObject({ name: "DisposedError" });
    await vi.waitFor(() => expect(made.every(({ threadId }) => threadId === -1)).toBe(true));
    expect(made).toHaveLength(workers);
    expect(seen.cells).toBeLessThan(1_000_000);
  });

  it("is given up when a follower dies while the first worker is fed", async () => {
    const model = await forecaster(2);
    const made = threads();
    const rows = 2_000_000;
    const { seen, table } = watched(rows, 2 * rows + 100_000, () => void made[0]!.terminate());
    await expect(model.fit(table, run)).rejects.toMatchObject({ name: "WorkerError", code: "workerDied" });
    expect(seen.cells).toBeLessThan(4 * rows);
    await model.fit({ y, z }, run);
  });

  it("is refused without a trace, also by several workers", async () => {
    const model = await forecaster(4);
    const broken = y.slice();
    broken[39_000] = Number.NaN;
    const open = ports();
    for (let i = 0; i < 3; i++) {
      await expect(model.fit({ y: broken, z }, run)).rejects.toMatchObject({ path: "data.y[39000]" });
      await vi.waitFor(() => expect(open.size).toBe(0));
    }
    await model.fit({ y, z }, run);
    await vi.waitFor(() => expect(open.size).toBe(0));
  });

  const hint =
    "data changed while they were read; leave them as they are until the run's first report, or until evaluate settles";
  it.each<[string, () => [Table, () => void], string, string, string]>([
    [
      "whose column is transferred",
      () => {
        const own = y.slice();
        return [{ y: own, z }, () => structuredClone(own, { transfer: [own.buffer] })];
      },
      "data.y",
      "40000 cells, as at the call",
      "0",
    ],
    [
      "whose rows are cut off",
      () => {
        const rows = Array.from(y, (y, i) => ({ y, z: z[i]! }));
        return [rows, () => rows.splice(10)];
      },
      "data",
      "40000 rows, as at the call",
      "10",
    ],
  ])("%s while it is read is refused", async (_, prepare, path, expected, received) => {
    for (const workers of [1, 2]) {
      for (const what of ["fit", "evaluate"] as const) {
        const model = await forecaster(workers);
        if (what === "evaluate") await model.fit({ y, z }, run);
        const [table, change] = prepare();
        const lost: Promise<unknown> = what === "fit" ? model.fit(table, run) : model.evaluate(table);
        change();
        const message = `${path}: expected ${expected}, got ${received}; ${hint}`;
        const error = { name: "DataError", code: "dataChanged", path, expected, received, message };
        await expect(lost).rejects.toMatchObject(error);
        await model.fit({ y, z }, run);
      }
    }
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
  it("trains the same on any number of workers", async () => {
    const text = String.fromCharCode(...Array.from({ length: 100_000 }, (_, i) => 97 + (((i * i) >> 5) % 26))).repeat(
      7,
    );
    const digests: string[] = [];
    for (const workers of [1, 2, 3, 4]) {
      const model = await make(
        { input: { vocabulary: "characters" }, layers: [gru({ hiddenSize: 4 }), dense()] },
        { workers },
      );
      await model.fit(text, { steps: 6, batchSize: 32, window: 64 });
      digests.push(await digest(model));
    }
    expect(digests).toEqual(digests.map(() => digests[0]));
  });

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
