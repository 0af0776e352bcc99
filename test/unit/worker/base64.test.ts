import { afterEach, expect, it, vi } from "vitest";
import { decode, encode } from "../../../ts/worker/base64.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 37) % 256);
const base64 = Buffer.from(bytes).toString("base64");

it("decodes by Node, by a loop and by the engine to the same bytes", () => {
  expect([...decode(base64)]).toEqual([...bytes]);
  vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
  expect([...decode(base64)]).toEqual([...bytes]);
  vi.stubGlobal("Uint8Array", { fromBase64: (text: string) => Buffer.from(text, "base64") });
  expect([...decode(base64)]).toEqual([...bytes]);
});

it("encodes bytes of any number", () => {
  for (const length of [0, 1, 2, 3, 4095, 4096, 4097, 10_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 37) % 256);
    expect(encode(bytes)).toBe(Buffer.from(bytes).toString("base64"));
  }
});
