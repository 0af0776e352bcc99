/** Long texts in pieces, with a rest for the page in between: no frame of the screen waits for a whole book. */
import { Bundle } from "../data/bundle.js";
import { charactersOf, encodeData, trainingCount } from "../data/data.js";
import type { Encoding } from "../data/encoding.js";
import { Characters, codePoints } from "../data/text.js";
import type { Samples, Table } from "../data/values.js";
import type { Bytes } from "../worker/protocol.js";

/** UTF-16 units that are read at a time: about 3 ms. */
const PIECE = 1 << 18;

/** encodeData, but for a long text. */
export async function encodeAny(data: Samples | Table | string, encoding: Encoding, name = "data"): Promise<Bytes> {
  const { input, output } = encoding;
  if (!long(data) || input.kind !== "tokens" || output.kind !== "nextToken") return encodeData(data, encoding, name);
  const { vocabulary } = input;
  vocabulary.checkText(data, name);
  const shape = [await count(data)];
  const bundle = Bundle.allocate([{ name: "tokens", dtype: vocabulary.dtype, shape }], { kind: "text" });
  const tokens = bundle.tokens("tokens");
  let at = 0;
  await pieces(data, (piece, from) => {
    vocabulary.encode(piece, tokens, at, (i) => `${name}[${from + i}]`);
    at += codePoints(piece);
  });
  return bundle.bytes;
}

/** charactersOf, the same. */
export async function charactersIn(data: Samples | string, validation?: number): Promise<string[]> {
  if (!long(data)) return charactersOf(data, validation);
  const characters = new Characters();
  let left = trainingCount(await count(data), validation ?? 0);
  await pieces(data, (piece, from) => {
    characters.add(piece, (i) => `data[${from + i}]`, left);
    left -= Math.min(left, codePoints(piece));
  });
  return characters.sorted();
}

function long(data: unknown): data is string {
  return typeof data === "string" && data.length > PIECE;
}

async function count(text: string): Promise<number> {
  let points = 0;
  await pieces(text, (piece) => {
    points += codePoints(piece);
  });
  return points;
}

async function pieces(text: string, read: (piece: string, from: number) => void): Promise<void> {
  for (let from = 0, to = 0; from < text.length; from = to) {
    to = from + PIECE;
    // Not between the two halves of one character.
    if ((text.charCodeAt(to) & 0xfc00) === 0xdc00) to++;
    read(text.slice(from, to), from);
    await new Promise((resolve) => setTimeout(resolve));
  }
}
