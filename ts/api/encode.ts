/** From what the user gives to bundles, by the model's description; ts/data does the work. */
import { Bundle } from "../data/bundle.js";
import { type Described, type Encoding, encodingOf } from "../data/encoding.js";
import { encodeSamples } from "../data/samples.js";
import type { BatchSource, Data, Samples } from "../data/values.js";
import { ConfigError, DataError } from "../errors.js";
import type { Bytes } from "../worker/protocol.js";
import type { Core } from "./core.js";
import type { RunDescription } from "./description.gen.js";
import type { Prepared } from "./driver.js";
import { charactersIn, encodeAny } from "./text.js";
import type { RunControls } from "./types.js";

export interface Preparing {
  core: Core;
  data: Data;
  validationData: RunControls["validationData"];
  /** The run's description as given, or what a resumed run changes. */
  run: Pick<RunDescription, "validationSplit">;
  json: string;
  resume: boolean;
}

/** A run's data; finds out the characters of an open vocabulary, which only the training part may name. */
export async function prepareRun({ core, data, validationData, run, json, resume }: Preparing): Promise<Prepared> {
  let { encoding } = core;
  let complete: string | undefined;
  if (encoding.input.kind === "open" && !resume) {
    const vocabulary = await characters(data, validationData === undefined ? run.validationSplit : undefined);
    const described = { ...core.description, input: { vocabulary } };
    complete = JSON.stringify(described);
    encoding = encodingOf(described as Described);
  }
  const source = typeof data === "function" ? data : undefined;
  const payloads = [typeof data === "function" ? empty("batches") : await encodeAny(data, encoding)];
  if (validationData !== undefined) {
    payloads.push(await encodeAny(given(validationData, "validationData"), encoding, "validationData"));
  }
  return { request: { resume, run: json, ...(complete && { complete }) }, payloads, source, encode: encoder(encoding) };
}

/** A function of its own: what is made inside another one keeps all that is known there, and so the user's data. */
function encoder(encoding: Encoding): Prepared["encode"] {
  return (pulled) => (pulled.kind === "batch" ? encodeSamples(pulled.samples, encoding) : empty("end"));
}

/** Data that are there as a whole; a source of batches serves `fit` alone. */
export function given(data: Data, path = "data"): Exclude<Data, BatchSource> {
  if (typeof data !== "function") return data;
  const [expected, received] = ["data that are there as a whole", "a source of batches"];
  throw new DataError(`${path}: expected ${expected}, got ${received}`, { path, expected, received });
}

async function characters(data: Data, split: RunDescription["validationSplit"]): Promise<string[]> {
  if (typeof data === "function") {
    const hint = "give the vocabulary as a list of characters";
    throw new DataError(`input.vocabulary: "characters" cannot be found out from a source of batches; ${hint}`, {
      path: "input.vocabulary",
    });
  }
  if (typeof split === "object" && split?.from === "random" && typeof data !== "string") {
    const hint = "give the vocabulary as a list of characters, or split from the end";
    throw new ConfigError(`validationSplit: "characters" are found out before a random split is made; ${hint}`, {
      code: "conflictingOptions",
      path: "validationSplit",
    });
  }
  const fraction = typeof split === "object" && split !== null ? split.fraction : split;
  const validation = typeof fraction === "number" ? fraction : undefined;
  return charactersIn(data as Samples | string, validation);
}

/** A bundle that says only what it is. */
function empty(kind: "batches" | "end"): Bytes {
  return Bundle.allocate([], { kind }).bytes;
}
