/** Sequences with their targets, weights and initial states as one bundle of kind "sequences". */

import { type Inputs, listed, type Naming } from "./batch.js";
import type { Bytes } from "./bundle.js";
import type { Encoding } from "./encoding.js";
import { checkFields } from "./fields.js";
import { readInputs } from "./inputs.js";
import { build, type Part } from "./parts.js";
import { readInitial } from "./states.js";
import { readTargets } from "./targets.js";
import { checkTensor, isTensor } from "./tensor.js";
import type { Numbers, Samples, Sequence, Sequences, State, Targets } from "./values.js";
import { readWeights } from "./weights.js";

/** `prefix` is what the samples are called in messages, with its dot; the data of a fit have none. Throws ShapeError, DataError. */
export function encodeSamples(samples: Samples, encoding: Encoding, prefix = ""): Bytes {
  checkFields(samples, ["x", "y", "sampleWeight", "initialState"], prefix.slice(0, -1) || "data");
  const { x, y, sampleWeight, initialState } = samples;
  const inputs = readInputs(x, encoding.input, listed(`${prefix}x`));
  const weighted = sampleWeight !== undefined;
  const mask = weighted ? readWeights(sampleWeight, encoding, inputs, `${prefix}sampleWeight`) : undefined;
  const targets = readTargets(y, { encoding, inputs, mask, ...listed(`${prefix}y`) });
  const initial = readInitial(initialState, inputs.lengths.length, `${prefix}initialState`);
  return sequences(inputs, [...targets, ...(mask ? [weightPart(mask)] : []), ...initial]);
}

function weightPart(weights: Float32Array): Part {
  const spec = { name: "weight", dtype: "F32", shape: [weights.length] } as const;
  return { spec, write: (bundle) => bundle.f32("weight").set(weights) };
}

/** Without targets: what `predict` reads. */
export function encodeInputs(x: Sequences, encoding: Encoding, initialState?: readonly State[]): Bytes {
  const inputs = readInputs(x, encoding.input);
  return sequences(inputs, readInitial(initialState, inputs.lengths.length));
}

const one = (name: string): Naming => ({ name, at: () => name });

/** One sequence that `generate` goes on with. */
export function encodePrompt(prompt: string | Numbers, encoding: Encoding, state?: readonly State[]): Bytes {
  const inputs = readInputs([prompt], encoding.input, one("prompt"));
  return sequences(inputs, readInitial(state, 1, "state"));
}

/** One sequence with a target at every step: what a learner runs over. */
export function encodeStream(x: Sequence, y: Targets, encoding: Encoding): Bytes {
  const output = { ...encoding.output, at: "every" } as Encoding["output"];
  const inputs = readInputs([x], encoding.input, one("x"));
  let targets: unknown = y === undefined ? undefined : [y];
  if (isTensor(y)) {
    const { shape, data } = checkTensor(y, "y");
    targets = { shape: [1, ...shape], data };
  }
  return sequences(inputs, readTargets(targets, { encoding: { ...encoding, output }, inputs, ...one("y") }));
}

/** A bundle of kind "sequences": `lengths` [B], the inputs, and whatever else. */
export function sequences(inputs: Inputs, parts: readonly Part[]): Bytes {
  const { lengths } = inputs;
  const spec = { name: "lengths", dtype: "I32", shape: [lengths.length] } as const;
  const first: Part = { spec, write: (bundle) => bundle.i32("lengths").set(lengths) };
  return build([first, inputs, ...parts], { kind: "sequences" });
}
