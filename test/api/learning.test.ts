/** The table of bench/problems/learning.ts: each description is accepted, and its loss falls within some steps of its run. */
import { createModel, type RunDescription, type Samples } from "retrograd";
import { expect, test } from "vitest";
import { adding } from "../../bench/problems/adding.js";
import { nextFrames } from "../../bench/problems/chorales.js";
import { met, type Problem, problems, trainProblem, withControls } from "../../bench/problems/learning.js";
import { mulberry32 } from "../../bench/problems/random.js";

const STEPS = 60;

/** Made-up data of a problem's form, which are learnt fast. */
function madeUp({ model: { input } }: Problem): Samples {
  const size = "size" in input ? input.size : 0;
  if (size === 2) return adding({ seed: 1, count: 32, length: 16 });
  if (size === 88) {
    const chord = (i: number, t: number) => [30 + i + (t % 4), 40 + i, 47 + i + (t % 3)];
    return nextFrames(Array.from({ length: 12 }, (_, i) => Array.from({ length: 9 + i }, (_, t) => chord(i % 3, t))));
  }
  const random = mulberry32(1);
  const count = 200;
  const data = Float32Array.from({ length: count * size * size }, (_, at) => {
    const [row, pixel] = [Math.floor(at / size / size), at % size];
    return pixel === 2 * (row % 10) ? 1 : 0.2 * random.next();
  });
  return { x: { shape: [count, size, size], data }, y: Array.from({ length: count }, (_, row) => row % 10) };
}

/** The problem's own run, but for its end. */
function shortened(problem: Problem, samples: Samples): RunDescription {
  const { epochs, patience, ...run } = withControls(problem, { validation: () => samples }, 1);
  return { ...run, steps: STEPS };
}

const mean = (list: Float32Array) => list.reduce((sum, x) => sum + x, 0) / list.length;

test.each(problems.map((problem) => [`${problem.name}, ${problem.cell}`, problem] as const))(
  "%s",
  async (_, problem) => {
    const samples = madeUp(problem);
    const model = await createModel({ ...problem.model, seed: 1 });
    try {
      expect(model.description.layers.some(({ kind }) => kind === problem.cell.toLowerCase())).toBe(true);
      const before = problem.figure.of(await model.evaluate(samples));
      const { steps } = await model.fit(samples, shortened(problem, samples));
      expect(steps.loss).toHaveLength(STEPS);
      expect(mean(steps.loss.subarray(-5))).toBeLessThan(0.9 * mean(steps.loss.subarray(0, 5)));
      // The figure goes the way that is asked for.
      const after = problem.figure.of(await model.evaluate(samples));
      expect(problem.figure.atLeast ? after > before : after < before).toBe(true);
    } finally {
      await model.dispose();
    }
  },
);

test("what is asked is met by what is at it or beyond", () => {
  for (const problem of problems) {
    const { asked, atLeast } = problem.figure;
    expect(met(problem, asked)).toBe(true);
    expect(met(problem, asked * 1.01)).toBe(atLeast === true);
  }
});

test("a shared data set that is not there is said to be absent", async () => {
  const chorales = problems.find(({ name }) => name.startsWith("chorales"))!;
  const said = await trainProblem(chorales, { seed: 1, folder: "no/such/folder" });
  expect(said).toMatch(/^not measured: there is no .*jsb_chorales\.json$/);
});
