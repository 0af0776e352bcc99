/** From bundles to what the user gets. */
import { Bundle } from "../data/bundle.js";
import type { Encoding } from "../data/encoding.js";
import type { Labels } from "../data/labels.js";
import { readStates } from "../data/states.js";
import type { Tensor } from "../data/values.js";
import type { Gradients, Prediction } from "./types.js";

export function decodePrediction(bytes: Uint8Array, encoding: Encoding): Prediction {
  const bundle = Bundle.read(bytes);
  const { output } = encoding;
  const hidden = numbered(bundle, (i) => `hidden.${i}`).map((name) => bundle.tensor(name));
  return {
    values: bundle.tensor("values"),
    ...(bundle.has("variance") && { variance: bundle.tensor("variance") }),
    ...(bundle.has("decoded") && output.kind === "classes" && { decoded: decoded(bundle, output.labels) }),
    ...(bundle.has("lengths") && { lengths: bundle.i32("lengths").slice() }),
    ...(bundle.has("classes") && output.kind === "classes" && { labels: output.labels.names(bundle.i32("classes")) }),
    state: readStates(bundle),
    ...(hidden.length > 0 && { hidden }),
  };
}

/** The labels of each sequence. */
function decoded(bundle: Bundle, labels: Labels): string[][] {
  const names = labels.names(bundle.i32("decoded"));
  let at = 0;
  return Array.from(bundle.i32("decodedLengths"), (n) => {
    at += n;
    return names.slice(at - n, at);
  });
}

export function decodeForecast(bytes: Uint8Array): Record<string, Float32Array> {
  const bundle = Bundle.read(bytes);
  return Object.fromEntries(bundle.names.map((name) => [name, bundle.f32(name).slice()]));
}

const PARAMETER = "parameter.";

export function decodeGradients(bytes: Uint8Array): Gradients {
  const bundle = Bundle.read(bytes);
  type Place = Pick<Gradients["hidden"][number], "layer" | "level" | "direction">;
  const places = JSON.parse(bundle.metadata.hidden ?? "[]") as Place[];
  const parameters: Record<string, Tensor> = {};
  for (const name of bundle.names) {
    if (name.startsWith(PARAMETER)) parameters[name.slice(PARAMETER.length)] = bundle.tensor(name);
  }
  return {
    loss: bundle.f64("loss")[0] as number,
    parameters,
    input: bundle.tensor("input"),
    initialState: readStates(bundle),
    hidden: places.map(({ layer, level, direction }, i) => ({
      layer,
      level,
      direction,
      norms: bundle.f32(`hidden.${i}.norms`).slice(),
      ...(bundle.has(`hidden.${i}.values`) && { values: bundle.tensor(`hidden.${i}.values`) }),
    })),
  };
}

/** Numbers from JSON, where null stands for one that is not finite. */
export function decodeMetrics(values: Record<string, number | null>): { loss: number } & Record<string, number> {
  const numbers = Object.entries(values).map(([name, value]) => [name, value ?? Number.NaN]);
  return Object.fromEntries(numbers) as { loss: number } & Record<string, number>;
}

function numbered(bundle: Bundle, name: (i: number) => string): string[] {
  const names: string[] = [];
  while (bundle.has(name(names.length))) names.push(name(names.length));
  return names;
}
