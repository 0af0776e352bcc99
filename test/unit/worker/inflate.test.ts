import { deflateRawSync } from "node:zlib";
import { afterEach, expect, it, vi } from "vitest";
import { inflate } from "../../../ts/worker/inflate.js";

afterEach(() => {
  vi.restoreAllMocks();
});

it("inflates by Node and as browsers do to the same bytes", async () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) % 251);
  const deflated = new Uint8Array(deflateRawSync(bytes));
  expect(Buffer.from(await inflate(deflated)).equals(bytes)).toBe(true);
  vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
  expect(Buffer.from(await inflate(deflated)).equals(bytes)).toBe(true);
  await expect(inflate(deflated.subarray(0, 50))).rejects.toThrow();
});
