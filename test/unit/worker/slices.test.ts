import { describe, expect, it } from "vitest";
import { Slices } from "../../../ts/worker/slices.js";

/** Units of a slice after some rounds on a machine that takes `each` milliseconds for one. */
function settled(each: number, rounds = 40, slices = new Slices(9)): number {
  for (let i = 0; i < rounds; i++) slices.measured(slices.units, slices.units * each);
  return slices.units;
}

describe("slices", () => {
  it("last about as long as intended, whatever a unit takes", () => {
    for (const each of [0.01, 0.2, 1, 4]) {
      const milliseconds = settled(each) * each;
      expect(milliseconds).toBeGreaterThan(4);
      expect(milliseconds).toBeLessThanOrEqual(9);
    }
  });
  it("do at least one unit", () => {
    expect(settled(500)).toBe(1);
  });
  it("grow step by step when a coarse clock says nothing passed", () => {
    const slices = new Slices(9);
    slices.measured(1, 0);
    expect(slices.units).toBe(2);
  });
  it("shrink at once when units become slow", () => {
    const slices = new Slices(9);
    settled(0.01, 40, slices);
    slices.measured(slices.units, 9000);
    expect(slices.units).toBe(1);
  });
});
