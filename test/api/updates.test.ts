/** What a run does in one update: its rate, clipping, and the guard against numbers that are not finite. */
import {
  adam,
  cosineDecay,
  type DivergenceError,
  type RunDescription,
  reduceOnPlateau,
  sgd,
  stepDecay,
  warmup,
} from "retrograd";
import { describe, expect, it } from "vitest";
import { digest, make, summer, sums } from "./support.js";

const data = sums(16);
/** Four updates an epoch. */
const batches = { batchSize: 4, shuffle: false };

describe("a schedule", () => {
  /** Rate of each epoch's last update. */
  async function rates(run: RunDescription): Promise<number[]> {
    const { epochs } = await (await make(summer)).fit(data, { ...batches, ...run });
    return epochs.map((p) => p.learningRate);
  }

  it("goes down in steps", async () => {
    const learningRate = stepDecay({ initial: 0.1, every: 4, factor: 0.5 });
    // The fourth update of an epoch is the last one at its rate; a thirteenth is the first one at the next.
    const found = await rates({ steps: 13, optimizer: sgd({ learningRate }) });
    expect(found).toEqual([0.1, 0.05, 0.025, 0.0125]);
  });

  it("goes down along a cosine, after a warm-up", async () => {
    const learningRate = cosineDecay({ initial: 0.1, final: 0.02, steps: 14, warmup: 5 });
    const found = await rates({ epochs: 4, optimizer: sgd({ learningRate }) });
    const cosine = (t: number) => 0.02 + (0.08 * (1 + Math.cos(Math.PI * t))) / 2;
    // Updates 4, 8, 12 and 16, of which 3, 7, 11 and 15 were before.
    const expected = [(0.1 * 4) / 5, cosine(2 / 9), cosine(6 / 9), 0.02];
    for (const [i, rate] of expected.entries()) expect(found[i]).toBeCloseTo(rate, 15);
  });

  it("of epochs, under a plateau, is told for each update and each epoch", async () => {
    const to = { kind: "stepDecay", initial: 1e-6, every: 2, factor: 0.5, per: "epoch" } as const;
    const learningRate = reduceOnPlateau({
      initial: warmup({ steps: 3, to }),
      patience: 0,
      cooldown: 1,
      threshold: 0.5,
    });
    const { epochs, steps } = await (await make(summer)).fit(data, {
      ...batches,
      epochs: 5,
      optimizer: sgd({ learningRate }),
    });
    // Nothing is learned: reduced by the second epoch without a better loss, and after each second one from there.
    const reduced = [1, 1, 0.1, 0.1, 0.01];
    const expected = reduced.flatMap((share, epoch) =>
      [0, 1, 2, 3].map((i) => share * 1e-6 * 0.5 ** Math.floor(epoch / 2) * Math.min(1, (4 * epoch + i + 1) / 3)),
    );
    for (const [i, rate] of expected.entries()) expect(steps.learningRate[i]! / rate).toBeCloseTo(1, 12);
    expect(steps.learningRate.length).toBe(20);
    expect(epochs.map((p) => p.learningRate)).toEqual([3, 7, 11, 15, 19].map((i) => steps.learningRate[i]));
  });

  it("is what the weights move at", async () => {
    const run = { batchSize: "full", shuffle: false, steps: 3 } as const;
    const scheduled = await make(summer);
    const learningRate = stepDecay({ initial: 0.1, every: 1, factor: 0.5 });
    await scheduled.fit(data, { ...run, optimizer: sgd({ learningRate }) });
    const byHand = await make(summer);
    for (const learningRate of [0.1, 0.05, 0.025]) {
      const trainer = await byHand.trainer({ optimizer: sgd({ learningRate }) });
      await trainer.step(data);
    }
    expect(await digest(scheduled)).toBe(await digest(byHand));
  });
});

describe("the share of updates clipped", () => {
  it("is all of them below every norm, and none without clipping", async () => {
    const share = async (clip: RunDescription["clip"]) => {
      const { epochs } = await (await make(summer)).fit(data, { ...batches, epochs: 2, clip: clip! });
      return epochs.map((p) => p.clipped);
    };
    expect(await share({ norm: 1e-6 })).toEqual([1, 1]);
    expect(await share({ norm: 1e6 })).toEqual([0, 0]);
    expect(await share("none")).toEqual([0, 0]);
  });

  it("is that of the gradients whose recorded norm was larger", async () => {
    const model = await make(summer);
    const norm = 0.13;
    const { epochs, steps } = await model.fit(data, { ...batches, epochs: 6, clip: { norm } });
    const larger = epochs.map((_, e) => steps.gradientNorm.subarray(4 * e, 4 * e + 4).filter((g) => g > norm).length);
    expect(epochs.map((p) => p.clipped)).toEqual(larger.map((n) => n / 4));
    expect(new Set(larger).size, "a case that tells nothing").toBeGreaterThan(2);
  });
});

describe("a run that leaves the finite numbers", () => {
  it.each<[string, RunDescription, string]>([
    [
      // Adam moves each weight by about the rate: three times by 5, and then by more than a 32-bit float holds.
      "in its weights",
      { optimizer: adam({ learningRate: stepDecay({ initial: 5, every: 3, factor: 3e38 }) }) },
      "0.weight_ih_l0",
    ],
    ["in its gradient", { clip: "none", optimizer: sgd({ learningRate: 1e3 }) }, "0.weight_ih_l0"],
  ])("%s names step, loss and tensor; the weights are those before that step", async (_, options, tensor) => {
    const model = await make(summer);
    const run = { ...batches, ...options };
    const error: DivergenceError = await model.fit(data, { ...run, epochs: 50 }).then(
      () => expect.unreachable(),
      (error) => error,
    );
    expect(error).toMatchObject({ name: "DivergenceError", code: "diverged", step: 4, tensor, path: tensor });
    const shorter = await make(summer);
    const { steps } = await shorter.fit(data, { ...run, steps: error.step - 1 });
    expect(await digest(model)).toBe(await digest(shorter));
    expect(Number.isFinite(error.lastLoss)).toBe(true);
    expect(Math.fround(error.lastLoss)).toBe(steps.loss.at(-1));
    for (const { data } of Object.values(await model.parameters())) expect(data.every(Number.isFinite)).toBe(true);
    await model.predict(data.x);
  });
});
