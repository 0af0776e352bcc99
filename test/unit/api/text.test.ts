import { describe, expect, it, vi } from "vitest";
import { charactersIn, encodeAny } from "../../../ts/api/text.js";
import { charactersOf, encodeData } from "../../../ts/data/data.js";
import { encodingOf } from "../../../ts/data/encoding.js";
import { PIECE, type Stream, whole } from "../../../ts/data/stream.js";
import { refusal } from "../data/caught.js";

// Longer than a piece, with a character of two units across the border of the first one.
const text = `${"a".repeat((1 << 18) - 1)}😀${"bcd 😀".repeat(60_000)}z`;

describe("a long text", () => {
  it("has the characters and the tokens of a short one", async () => {
    for (const validation of [0, 0.1, 0.5])
      expect(await charactersIn(text, validation)).toEqual(charactersOf(text, validation));
    const encoding = encodingOf({ input: { vocabulary: charactersOf(text) } });
    expect(whole((await encodeAny(text, encoding)) as Stream)).toEqual(encodeData(text, encoding));
  });

  it("can be read by several in turn, as several workers do", async () => {
    const encoding = encodingOf({ input: { vocabulary: charactersOf(text) } });
    const stream = (await encodeAny(text, encoding)) as Stream;
    const readers = [0, 1].map(() => {
      const buffer = new Uint8Array(PIECE);
      return { buffer, pieces: stream.pieces(buffer), bytes: new Uint8Array(stream.length), at: 0 };
    });
    for (let reading = true; reading; ) {
      reading = false;
      for (const reader of readers) {
        const { done, value } = reader.pieces.next(reader.buffer);
        if (done) continue;
        reading = true;
        reader.bytes.set(reader.buffer.subarray(0, value), reader.at);
        reader.at += value;
      }
    }
    for (const { bytes } of readers) expect(bytes).toEqual(whole(stream));
  });

  it("names the place of what is not there", async () => {
    const encoding = encodingOf({ input: { vocabulary: [..."abcd 😀"] } });
    const stream = (await encodeAny(text, encoding)) as Stream;
    expect(refusal(() => whole(stream))).toContain(`data[${text.length - 1}]: expected one of`);
    await expect(encodeAny(text, encodingOf({ input: { vocabulary: 9 } }))).rejects.toMatchObject({
      name: "DataError",
    });
    await expect(encodeAny(text, encodingOf({ input: { size: 1 } }))).rejects.toMatchObject({ name: "DataError" });
  });

  it("leaves the page time in between", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    // The clock says that each look at it is 20 ms after the last.
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => (now += 20));
    await charactersIn(text.repeat(4));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(4);
    vi.restoreAllMocks();
  });
});
