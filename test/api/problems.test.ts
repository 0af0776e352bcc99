/** Smaller twins of bench/problems: the package learns what a recurrent network must be able to learn. */
import { expect, test } from "vitest";
import { trainAdding, trainReber, trainTemporalOrder } from "../../bench/problems/train.js";

test.each([1, 2])("the adding problem, T = 20, seed %i", async (seed) => {
  const { mse } = await trainAdding({ seed, length: 20, steps: 1500, every: 600 });
  // Answering 0 gives .667, adding one of the two values right .333.
  expect(mse).toBeLessThan(0.01);
});

test("without training, the adding problem is not solved", async () => {
  const { mse, solved } = await trainAdding({ seed: 1, length: 20, steps: 1 });
  expect(mse).toBeGreaterThan(0.3);
  expect(solved).toBeLessThan(0.2);
});

test.each([1, 2])("temporal order, T = 20, seed %i", async (seed) => {
  expect(await trainTemporalOrder({ seed, length: 20, steps: 600 })).toBeGreaterThanOrEqual(0.99);
});

test.each([2, 3, 4])("embedded Reber grammar, a string an update, seed %i", async (seed) => {
  const { solvedAfter, fresh } = await trainReber({ seed, limit: 5000, count: 300 });
  expect(solvedAfter).toBeLessThanOrEqual(5000);
  expect(fresh).toBeGreaterThan(0.99);
});
