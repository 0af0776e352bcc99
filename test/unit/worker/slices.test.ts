import { describe, expect, it } from "vitest";
import { Slices } from "../../../ts/worker/slices.js";

/** Updates of a slice after some rounds on a machine that takes `each` milliseconds for one. */
function settled(each: number, rounds = 40, slices = new Slices(9)): number {
  for (let i = 0; i < rounds; i++) slices.measured(slices.steps, slices.steps * each);
  return slices.steps;
}

describe("slices", () => {
  it("last about as long as intended, whatever an update takes", () => {
    for (const each of [0.01, 0.2, 1, 4]) {
      const milliseconds = settled(each) * each;
      expect(milliseconds).toBeGreaterThan(4);
      expect(milliseconds).toBeLessThanOrEqual(9);
    }
  });
  it("do at least one update", () => {
    expect(settled(500)).toBe(1);
  });
  it("grow step by step when a coarse clock says nothing passed", () => {
    const slices = new Slices(9);
    slices.measured(1, 0);
    expect(slices.steps).toBe(2);
  });
  it("shrink at once when updates become slow", () => {
    const slices = new Slices(9);
    settled(0.01, 40, slices);
    slices.measured(slices.steps, 9000);
    expect(slices.steps).toBe(1);
  });
});
