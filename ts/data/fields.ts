/** Objects of the user's: nothing in them is accepted and ignored. */
import { ConfigError } from "../errors.js";
import { didYouMean } from "./hint.js";
import { show, wrongData } from "./refuse.js";

/** Throws DataError for what is no object, ConfigError for a field that means nothing. */
export function checkFields(value: unknown, known: readonly string[], path: string): void {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw wrongData({ path, expected: `an object { ${known.join(", ")} }`, received: show(value) });
  }
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const place = `${path}.${name}`;
    const hint = didYouMean(name, known) ?? `known are ${known.join(", ")}`;
    throw new ConfigError(`${place}: unknown field; ${hint}`, {
      code: "unknownOption",
      path: place,
      expected: known.join(", "),
      received: name,
    });
  }
}
