/** Long texts in pieces, with a rest for the page in between: no frame of the screen waits for a whole book. */
import { charactersOf, encodeData, trainingCount } from "../data/data.js";
import type { Encoding } from "../data/encoding.js";
import { Characters, codePoints, streamText } from "../data/text.js";
import type { Samples, Table } from "../data/values.js";
import type { Payload } from "./upload.js";

/** How many UTF-16 units of a text are looked at in one go: at most some milliseconds. */
const UNITS = 1 << 18;

/** Milliseconds of reading without a rest: half a frame of the screen. */
const WORK = 8;

/** encodeData, but for a long text. */
export async function encodeAny(data: Samples | Table | string, encoding: Encoding, name = "data"): Promise<Payload> {
  const { input, output } = encoding;
  if (!long(data) || input.kind !== "tokens" || output.kind !== "nextToken") return encodeData(data, encoding, name);
  return streamText(data, await count(data), input.vocabulary, name);
}

/** charactersOf, the same. */
export async function charactersIn(data: Samples | string, validation?: number): Promise<string[]> {
  if (!long(data)) return charactersOf(data, validation);
  const characters = new Characters();
  let left = validation ? trainingCount(await count(data), validation) : Number.POSITIVE_INFINITY;
  await pieces(data, (piece, from) => {
    left -= characters.add(piece, (i) => `data[${from + i}]`, left);
  });
  return characters.sorted();
}

function long(data: unknown): data is string {
  return typeof data === "string" && data.length > UNITS;
}

async function count(text: string): Promise<number> {
  let points = 0;
  await pieces(text, (piece) => {
    points += codePoints(piece);
  });
  return points;
}

async function pieces(text: string, read: (piece: string, from: number) => void): Promise<void> {
  let begun = performance.now();
  for (let from = 0, to = 0; from < text.length; from = to) {
    to = from + UNITS;
    // Not between the two halves of one character.
    if ((text.charCodeAt(to) & 0xfc00) === 0xdc00) to++;
    read(text.slice(from, to), from);
    if (performance.now() - begun < WORK) continue;
    await new Promise((resolve) => setTimeout(resolve));
    begun = performance.now();
  }
}
