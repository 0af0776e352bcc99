import { expect, test } from "vitest";
import { firstNonFinite } from "../../../ts/data/numeric.js";

// Short, of the length that built-in search is used for, and beyond it.
const lengths = [1, 32, 33, 1000, 1 << 16, (1 << 16) + 1];

test.each(lengths)("the first of %i numbers that is not finite is found", (length) => {
  for (const List of [Float32Array, Float64Array]) {
    const data = new List(length).fill(-0.5);
    expect(firstNonFinite(data)).toBe(-1);
    for (const wrong of [Number.NaN, Infinity, -Infinity]) {
      for (const place of [0, length >> 1, length - 1]) {
        data[place] = wrong;
        expect(firstNonFinite(data)).toBe(place);
        data[place] = 3e38;
      }
    }
    data.fill(Number.NaN, length >> 1).fill(-Infinity, length - 1);
    expect(firstNonFinite(data)).toBe(length >> 1);
  }
});
