/** The gradient of a loss of the user's own with respect to the raw prediction, in place of targets. */

import { total } from "./batch.js";
import type { Bytes } from "./bundle.js";
import { type Encoding, outputWidth } from "./encoding.js";
import { checkFields } from "./fields.js";
import { readInputs } from "./inputs.js";
import type { Part } from "./parts.js";
import { show, wrongData } from "./refuse.js";
import { notFinite, tensorOf } from "./rows.js";
import { sequences } from "./samples.js";
import { readInitial } from "./states.js";
import type { Sequences, State, TensorLike } from "./values.js";

export interface Cotangent {
  x: Sequences;
  outputGradient: TensorLike;
  initialState?: readonly State[];
}

const NAME = "outputGradient";

/**
 * A bundle of kind "sequences" with `outputGradient` [B, O] or [rows, O], from one as `predict` gives values: [B, O] or
 * [B, longest, O], of which what lies past the end of a sequence is not looked at. Throws ShapeError and DataError.
 */
export function encodeCotangent(samples: Cotangent, encoding: Encoding): Bytes {
  checkFields(samples, ["x", NAME, "initialState"], "data");
  const inputs = readInputs(samples.x, encoding.input);
  const { lengths } = inputs;
  const batch = lengths.length;
  const width = outputWidth(encoding);
  const every = encoding.output.at === "every";
  const steps = every ? lengths.reduce((a, b) => Math.max(a, b)) : 1;
  const { data } = tensorOf(samples.outputGradient, NAME, [every ? [batch, steps, width] : [batch, width]]);
  const gradient: Part = {
    spec: { name: NAME, dtype: "F32", shape: [every ? total(lengths) : batch, width] },
    write(bundle) {
      const to = bundle.f32(NAME);
      let at = 0;
      for (let i = 0; i < batch; i++) {
        const start = i * steps * width;
        const end = start + (every ? lengths[i]! : 1) * width;
        for (let k = start; k < end; k++) {
          const value = data[k];
          if (typeof value !== "number" || !Number.isFinite(Math.fround(value))) throw wrong(value, k);
          to[at++] = value;
        }
      }
    },
  };
  return sequences(inputs, [gradient, ...readInitial(samples.initialState, batch)]);

  function wrong(value: unknown, k: number) {
    const row = Math.floor(k / width);
    const head = every ? `[${Math.floor(row / steps)}][${row % steps}]` : `[${row}]`;
    const path = `${NAME}${head}[${k % width}]`;
    if (typeof value === "number") return notFinite({ path, value });
    return wrongData({ path, expected: "a number", received: show(value) });
  }
}
