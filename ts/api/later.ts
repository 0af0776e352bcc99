/** Parts of the contract that come in a later version: refused by name, so that nobody takes them for accepted. */
import { ConfigError } from "../errors.js";
import type { Choice, Search, SearchOptions } from "./search.js";

export function search(_options: SearchOptions): Search {
  throw later("search");
}

export function choice(..._values: unknown[]): Choice {
  throw later("choice");
}

export function logUniform(_min: number, _max: number): Choice {
  throw later("logUniform");
}

function later(name: string): ConfigError {
  return new ConfigError(`${name}: it is planned and not there yet`, { code: "notYet", path: name });
}
