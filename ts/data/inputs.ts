/** Inputs of a network: sequences of numbers or of tokens, of any lengths. */
import { ConfigError } from "../errors.js";
import { type Inputs, listed, type Naming } from "./batch.js";
import type { InputEncoding } from "./encoding.js";
import { numberLists, numberTensor } from "./numbers.js";
import { isTensor } from "./tensor.js";
import { tokenLists, tokenTensor } from "./tokens.js";

/** Throws ShapeError, DataError, and ConfigError for a model that has no such inputs (yet). */
export function readInputs(x: unknown, input: InputEncoding, naming: Naming = listed("x")): Inputs {
  switch (input.kind) {
    case "values":
      return isTensor(x) ? numberTensor(x, input.size, naming) : numberLists(x, input.size, naming);
    case "tokens":
      return isTensor(x) ? tokenTensor(x, input.vocabulary, naming) : tokenLists(x, input.vocabulary, naming);
    default:
      throw noInputs(input);
  }
}

/** Why a model reads no sequences. */
export function noInputs({ kind }: InputEncoding): ConfigError {
  return kind === "series" ? new ConfigError("a model of a series reads a table", { code: "wantsTable" }) : notFitted();
}

export function notFitted(): ConfigError {
  return new ConfigError("the model's vocabulary is found by the first fit; call fit first", { code: "notFitted" });
}
