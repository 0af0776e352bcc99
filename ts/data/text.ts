/** Text as tokens: one a code point. Indices in messages are those of JavaScript's strings (`text[i]`), in UTF-16 units. */

import type { DataError } from "../errors.js";
import type { Bytes, Tokens } from "./bundle.js";
import { emptyData, show, some, wrongData } from "./refuse.js";
import { type Flow, type Stream, streamed, whole } from "./stream.js";

/** The path of element `i`. */
export type Place = (i: number) => string;

export class Vocabulary {
  readonly size: number;
  /** Absent where the description only says how many there are. */
  readonly symbols: readonly string[] | undefined;
  /** Token of each code point below its length, -1 where there is none; the rest is in #high. */
  readonly #low: Int32Array;
  readonly #high = new Map<number, number>();

  constructor(symbols: number | readonly string[]) {
    this.symbols = typeof symbols === "number" ? undefined : symbols;
    this.size = typeof symbols === "number" ? symbols : symbols.length;
    const codes = (this.symbols ?? []).map(onlyCode);
    const low = codes.reduce((most, code) => (code < 0x10000 ? Math.max(most, code + 1) : most), 0);
    this.#low = new Int32Array(low).fill(-1);
    for (const [token, code] of codes.entries()) {
      if (code >= 0x10000) this.#high.set(code, token);
      else if (code >= 0) this.#low[code] = token;
    }
  }

  /** Type of the narrowest array that holds each token. */
  get dtype(): "U8" | "U16" | "U32" {
    return this.size <= 0x100 ? "U8" : this.size <= 0x10000 ? "U16" : "U32";
  }

  /** Throws DataError where a text is of no use, since only the number of tokens is known. */
  checkText(text: string, path: string): void {
    if (this.symbols) return;
    const hint = "input.vocabulary is a number: which characters the tokens are is not known";
    throw wrongData({ path, expected: "tokens (numbers)", received: show(text), hint });
  }

  /**
   * Writes the tokens of a text, from its unit `i` on, to `to[at …]`, as far as there is room; answers with the unit after them.
   * Throws DataError for a character that is not there.
   */
  encode(text: string, to: Tokens, at: number, place: Place, i = 0): number {
    const low = this.#low;
    for (; i < text.length && at < to.length; i++, at++) {
      const unit = text.charCodeAt(i);
      // An unpaired surrogate is no symbol: -1 in #low, undefined in #high.
      const code = (unit & 0xf800) === 0xd800 ? text.codePointAt(i)! : unit;
      const token = code < low.length ? low[code]! : (this.#high.get(code) ?? -1);
      if (token < 0) throw this.#unknown(text, i, place);
      to[at] = token;
      if (code > 0xffff) i++;
    }
    return i;
  }

  /** Text of tokens; empty where the characters are not known. */
  decode(tokens: ArrayLike<number>): string {
    const { symbols } = this;
    if (!symbols) return "";
    let text = "";
    for (let i = 0; i < tokens.length; i++) text += symbols[tokens[i]!] ?? "\ufffd";
    return text;
  }

  #unknown(text: string, i: number, place: Place): DataError {
    const received = show(String.fromCodePoint(text.codePointAt(i)!));
    const known = this.symbols ?? [];
    const expected = known.length <= 8 ? `one of ${some(known)}` : `a character of the vocabulary (${known.length})`;
    return wrongData({ path: place(i), expected, received, code: "unknownToken" });
  }
}

/** The code point of a symbol that is one character; -1 of another, which no text is cut into. */
function onlyCode(symbol: string): number {
  const code = symbol.codePointAt(0);
  return code !== undefined && symbol.length === (code > 0xffff ? 2 : 1) ? code : -1;
}

/** Number of code points. */
export function codePoints(text: string): number {
  let n = text.length;
  for (let i = 0; i + 1 < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      n--;
      i++;
    }
  }
  return n;
}

/** The characters that texts are made of. */
export class Characters {
  readonly #seen = new Uint8Array(0x110000);

  /**
   * Adds those of a text, or of its first code points; answers with how many it read. Throws DataError for half a surrogate
   * pair, which is no character.
   */
  add(text: string, place: Place, first = Number.POSITIVE_INFINITY): number {
    let n = 0;
    for (let i = 0; i < text.length && n < first; i++, n++) {
      const code = text.codePointAt(i)!;
      if ((code & 0x1ff800) === 0xd800) {
        throw wrongData({
          path: place(i),
          expected: "a character",
          received: `half a surrogate pair (${show(text[i])})`,
        });
      }
      this.#seen[code] = 1;
      if (code > 0xffff) i++;
    }
    return n;
  }

  /** In the order of their code points. */
  sorted(): string[] {
    const found: string[] = [];
    for (let code = 0; code < this.#seen.length; code++) {
      if (this.#seen[code]) found.push(String.fromCodePoint(code));
    }
    return found;
  }
}

/** A bundle of kind "text": `tokens` [code points]. Throws DataError. */
export function encodeText(text: string, vocabulary: Vocabulary, name = "data"): Bytes {
  return whole(streamText(text, codePoints(text), vocabulary, name));
}

/** The same, to be read piece by piece; `count` are its code points. */
export function streamText(text: string, count: number, vocabulary: Vocabulary, name: string): Stream {
  if (count === 0) throw emptyData(name, "at least one character");
  vocabulary.checkText(text, name);
  const tokens = {
    spec: { name: "tokens", dtype: vocabulary.dtype, shape: [count] },
    open() {
      let unit = 0;
      return (to: Tokens) => {
        unit = vocabulary.encode(text, to, 0, (i) => `${name}[${i}]`, unit);
      };
    },
  };
  return streamed([tokens as Flow], { kind: "text" });
}
