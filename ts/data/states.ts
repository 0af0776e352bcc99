/** States of the recurrent layers, on their way in and out. */
import type { Bundle } from "./bundle.js";
import { checkFields } from "./fields.js";
import { copyNumbers, type List } from "./numeric.js";
import type { Part } from "./parts.js";
import { show, showShape, wrongData, wrongShape } from "./refuse.js";
import { checkFinite } from "./rows.js";
import { checkTensor } from "./tensor.js";
import type { State } from "./values.js";

/**
 * `state.{k}.h` and `state.{k}.c` [levels, batch, hidden]. How many layers, levels and units there are is the kernel's to check.
 * Throws ShapeError and DataError.
 */
export function readInitial(states: unknown, batch: number, name = "initialState"): Part[] {
  if (states === undefined) return [];
  if (!Array.isArray(states)) throw wrongData({ path: name, expected: "a list of states", received: show(states) });
  return states.flatMap((state: unknown, k) => {
    const path = `${name}[${k}]`;
    if (typeof state !== "object" || state === null || !("h" in state)) {
      throw wrongData({ path, expected: "a state { h } or { h, c }", received: show(state) });
    }
    checkFields(state, ["h", "c"], path);
    const c = "c" in state && state.c !== undefined ? [statePart(state.c, `state.${k}.c`, `${path}.c`, batch)] : [];
    return [statePart(state.h, `state.${k}.h`, `${path}.h`, batch), ...c];
  });
}

function statePart(value: unknown, name: string, path: string, batch: number): Part {
  const { shape, data } = checkTensor(value, path);
  if (shape.length !== 3 || shape[1] !== batch) {
    const expected = `a tensor of shape [levels, ${batch}, hiddenSize]`;
    throw wrongShape({ path, expected, received: showShape(shape) });
  }
  return { spec: { name, dtype: "F32", shape }, write: (bundle) => copyChecked(data, bundle.f32(name), path) };
}

/** Numbers, all finite. */
export function copyChecked(data: List, to: Float32Array, path: string): void {
  const wrong = copyNumbers(data, to, 0);
  if (wrong >= 0)
    throw wrongData({ path: `${path}.data[${wrong}]`, expected: "a number", received: show(data[wrong]) });
  checkFinite(to, (index) => ({ path: `${path}.data[${index}]`, value: data[index] }));
}

/** The states in a bundle, layer after layer; they share its memory. */
export function readStates(bundle: Bundle): State[] {
  const states: State[] = [];
  for (let k = 0; bundle.has(`state.${k}.h`); k++) {
    const h = bundle.tensor(`state.${k}.h`);
    states.push(bundle.has(`state.${k}.c`) ? { h, c: bundle.tensor(`state.${k}.c`) } : { h });
  }
  return states;
}
