import { describe, expect, it } from "vitest";
import { Ledger } from "../../../ts/worker/ledger.js";

const step = (n: number) => [0, 1, n, 1 / n, 2, 0.25, 0.1, Number.NaN, Number.NaN, Number.NaN];
const epoch = (n: number, validated = true) => [
  1,
  n,
  10 * n,
  0.5,
  2,
  0,
  0.1,
  validated ? 0.7 : Number.NaN,
  3,
  validated ? 4 : Number.NaN,
];
const rows = (...r: number[][]) => Float64Array.from(r.flat());

describe("the ledger", () => {
  it("lets ten steps a second through, the newest of a slice each time", () => {
    const ledger = new Ledger(["rmse"], 1);
    const seen: number[] = [];
    for (let n = 1; n <= 200; n++) {
      // Two updates in a slice of 10 ms.
      seen.push(...ledger.take(rows(step(2 * n - 1), step(2 * n)), n * 10).map((r) => r.step));
    }
    expect(seen).toHaveLength(20);
    expect(seen.every((s) => s % 2 === 0)).toBe(true);
    expect(ledger.history().step).toHaveLength(400);
  });

  it("lets every epoch through, in its place", () => {
    const ledger = new Ledger(["rmse"], 1);
    const seen = ledger.take(rows(step(1), epoch(1), step(11), epoch(2, false), step(21)), 0);
    expect(seen.map((r) => [r.kind, r.step])).toEqual([
      ["epoch", 10],
      ["epoch", 20],
      ["step", 21],
    ]);
    expect(seen[0]).toEqual({
      kind: "epoch",
      epoch: 1,
      step: 10,
      loss: 0.5,
      gradientNorm: 2,
      clipped: 0,
      learningRate: 0.1,
      metrics: { rmse: 3 },
      validationLoss: 0.7,
      validationMetrics: { rmse: 4 },
    });
    expect(seen[1]).not.toHaveProperty("validationLoss");
    expect(seen[2]?.metrics).toEqual({});
  });

  it("keeps counted steps, whenever they come", () => {
    const ledger = new Ledger(["rmse"], 3);
    ledger.take(rows(step(1), step(2), step(3), step(4)), 0);
    ledger.take(rows(step(5), step(6), epoch(1), step(7)), 1);
    const { step: steps, loss, gradientNorm, learningRate } = ledger.history();
    expect([...steps]).toEqual([3, 6]);
    expect([...loss]).toEqual([Math.fround(1 / 3), Math.fround(1 / 6)]);
    expect([...gradientNorm]).toEqual([2, 2]);
    expect([...learningRate]).toEqual([0.1, 0.1]);
  });

  it("forgets the steps that a run which went back takes anew", () => {
    const ledger = new Ledger(["rmse"], 2);
    ledger.take(rows(step(1), step(2), step(3), step(4), step(5), step(6)), 0);
    ledger.take(rows(step(4), step(5)), 1);
    expect([...ledger.history().step]).toEqual([2, 4]);
    ledger.take(rows(step(1), step(2)), 2);
    expect([...ledger.history().step]).toEqual([2]);
    const { step: steps, ...columns } = ledger.history();
    expect([...columns.loss]).toEqual([0.5]);
    for (const column of Object.values(columns)) expect(column).toHaveLength(steps.length);
  });
});
