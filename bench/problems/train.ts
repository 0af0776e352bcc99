/**
 * The three problems learnt through the public API, as a user would: two with `fit` on a source of batches, one with a
 * trainer, a sequence an update. Set-ups of the README beside this file; the tests run the same with smaller numbers.
 */
import { adam, type BatchSource, createModel, dense, lstm, type Samples, stepDecay } from "retrograd";
import { adding, scoreAdding } from "./adding.js";
import { embeddedReber, reberSymbols, scoreReber } from "./reber.js";
import { orderClasses, orderSymbols, temporalOrder } from "./temporalOrder.js";

/** Fresh batches without end; a resumed run goes on where it was. */
function batches(make: (index: number) => Samples): BatchSource {
  return function* (start) {
    for (let index = start; ; index++) yield make(index);
  };
}

/** Fresh sequences that the result is measured on. */
const TEST = 2000;

export interface AddingRun {
  seed: number;
  length?: number;
  steps?: number;
  /** The rate is halved every so many steps. */
  every?: number;
}

/** Mean squared error on fresh sequences, and the share of them answered within .04. */
export async function trainAdding({ seed, length = 100, steps = 8000, every = 1500 }: AddingRun) {
  const model = await createModel({
    input: { size: 2 },
    layers: [lstm({ hiddenSize: 8 }), dense()],
    output: { at: "last", size: 1 },
    seed,
  });
  try {
    await model.fit(
      batches((index) => adding({ seed, index, count: 32, length })),
      {
        steps,
        optimizer: adam({ learningRate: stepDecay({ initial: 5e-3, every, factor: 0.5 }) }),
        clip: { norm: 1 },
        seed,
      },
    );
    const { x, y } = adding({ seed, count: TEST, length, part: "test" });
    return scoreAdding((await model.predict(x)).values.data, y);
  } finally {
    await model.dispose();
  }
}

export interface OrderRun {
  seed: number;
  length?: number;
  steps?: number;
}

/** Share of fresh sequences whose class is told right. */
export async function trainTemporalOrder({ seed, length = 50, steps = 1500 }: OrderRun): Promise<number> {
  const model = await createModel({
    input: { vocabulary: orderSymbols.length },
    layers: [lstm({ hiddenSize: 4 }), dense()],
    output: { at: "last", classes: orderClasses.length },
    seed,
  });
  try {
    await model.fit(
      batches((index) => temporalOrder({ seed, index, count: 32, length })),
      { steps, optimizer: adam({ learningRate: 0.02 }), clip: { norm: 1 }, seed },
    );
    const fresh = temporalOrder({ seed, count: TEST, length, part: "test" });
    const { accuracy } = await model.evaluate(fresh, { metrics: ["accuracy"] });
    return accuracy!;
  } finally {
    await model.dispose();
  }
}

export interface ReberRun {
  seed: number;
  /** At most so many strings are learnt from. */
  limit?: number;
  /** Strings between two looks at the test set. */
  every?: number;
  /** Strings in the test set, all of which must be right. */
  count?: number;
}

export interface ReberResult {
  /** Strings learnt from when the whole test set was first right; undefined: never. */
  solvedAfter: number | undefined;
  /** Share of the steps of other strings, not seen before, that are right then: a test set passed by luck would show. */
  fresh: number;
}

/** One string an update, until every step of every test string is right. */
export async function trainReber({ seed, limit = 20_000, every = 250, count = 500 }: ReberRun): Promise<ReberResult> {
  const model = await createModel({
    input: { vocabulary: reberSymbols.length },
    layers: [lstm({ hiddenSize: 8 }), dense()],
    output: { at: "every", classes: reberSymbols.length },
    seed,
  });
  /** Test set 0 decides; 1 is looked at once, at the end. */
  const score = async (index: number) => {
    const strings = embeddedReber({ seed, index, count, part: "test" });
    return scoreReber((await model.predict(strings.x)).values, strings);
  };
  try {
    const trainer = await model.trainer({ optimizer: adam({ learningRate: 0.01 }), clip: { norm: 5 }, seed });
    let solvedAfter: number | undefined;
    for (let used = 0; used < limit && solvedAfter === undefined; ) {
      const { x, y } = embeddedReber({ seed, index: used, count: 1 });
      await trainer.step({ x, y });
      used++;
      if (used % every === 0 && (await score(0)).solved) solvedAfter = used;
    }
    return { solvedAfter, fresh: (await score(1)).steps };
  } finally {
    await model.dispose();
  }
}
