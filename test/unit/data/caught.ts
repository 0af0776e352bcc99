/** What a call refuses, in one line: its class, its code and its message. */
import { expect } from "vitest";
import { RetrogradError } from "../../../ts/errors.js";

export function refusal(call: () => unknown): string {
  const { name, code, message } = caught(call);
  return `${name} ${code}: ${message}`;
}

export function caught(call: () => unknown): RetrogradError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(RetrogradError);
    return error as RetrogradError;
  }
  throw new Error("nothing was refused");
}
