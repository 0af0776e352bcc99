// Text: vocabularies, tokens, and which characters "characters" stands for.
import { describe, expect, test } from "vitest";
import { charactersOf, encodeData, trainingCount } from "../../../ts/data/data.js";
import { encodingOf } from "../../../ts/data/encoding.js";
import { codePoints, encodeText, Vocabulary } from "../../../ts/data/text.js";
import type { Samples } from "../../../ts/data/values.js";
import { refusal } from "./caught.js";
import { opened } from "./models.js";

describe("a vocabulary", () => {
  const text = "Wörld 😀\n 世界, e\u0301!";
  const symbols = [...new Set(text)];

  test("encodes each code point and decodes it again", () => {
    const vocabulary = new Vocabulary(symbols);
    const tokens = new Uint8Array(codePoints(text));
    vocabulary.encode(text, tokens, 0, String);
    expect([...tokens]).toEqual([...text].map((c) => symbols.indexOf(c)));
    expect(vocabulary.decode(tokens)).toBe(text);
  });

  test("writes where it is told", () => {
    const to = new Uint16Array(4).fill(9);
    new Vocabulary(["a", "b"]).encode("ba", to, 1, String);
    expect([...to]).toEqual([9, 1, 0, 9]);
  });

  test("may hold tokens that are no single character: they are drawn, not read", () => {
    const vocabulary = new Vocabulary(["<end>", "a", "", "<"]);
    expect(vocabulary.decode([1, 0, 3, 2])).toBe("a<end><");
    expect(refusal(() => encodeText("<end>", vocabulary))).toBe(
      'DataError unknownToken: data[1]: expected one of "<end>", "a", "", "<", got "e"',
    );
  });

  test("of a number only knows no characters", () => {
    const vocabulary = new Vocabulary(300);
    expect([vocabulary.size, vocabulary.dtype, vocabulary.symbols]).toEqual([300, "U16", undefined]);
    expect(vocabulary.decode([1, 2])).toBe("");
  });
});

test("code points are counted, half pairs too", () => {
  for (const text of ["", "abc", "😀", "a😀b😀", "\ud83d", "\ude00\ud83d", "\ud83d\ud83d\ude00"]) {
    expect(codePoints(text), JSON.stringify(text)).toBe([...text].length);
  }
});

describe("a text by itself", () => {
  const encode = (text: string, symbols: readonly string[] | number) =>
    opened(encodeData(text, encodingOf({ input: { vocabulary: symbols } })));

  test("is tokens of the narrowest type", () => {
    const bundle = encode("abca", ["a", "b", "c"]);
    expect([bundle.metadata, bundle.names]).toEqual([{ kind: "text" }, ["tokens"]]);
    expect(bundle.tokens("tokens")).toEqual(Uint8Array.of(0, 1, 2, 0));
    const many = Array.from({ length: 300 }, (_, i) => String.fromCodePoint(0x4e00 + i));
    expect(encode(`${many[299]}${many[0]}`, many).tokens("tokens")).toEqual(Uint16Array.of(299, 0));
  });

  test.each<[string, readonly string[] | number, string]>([
    ["", ["a"], "DataError emptyData: data: expected at least one character, got none"],
    ["a😀ab", ["a", "😀"], 'DataError unknownToken: data[4]: expected one of "a", "😀", got "b"'],
    ["aa😀", ["a"], 'DataError unknownToken: data[2]: expected one of "a", got "😀"'],
    ["a\ude00", ["a"], 'DataError unknownToken: data[1]: expected one of "a", got "\\ude00"'],
    ["z", [..."abcdefghi"], 'DataError unknownToken: data[0]: expected a character of the vocabulary (9), got "z"'],
    [
      "ab",
      5,
      'DataError wrongData: data: expected tokens (numbers), got "ab"; input.vocabulary is a number: which characters the tokens are is not known',
    ],
  ])("%o in %o", (text, symbols, message) => expect(refusal(() => encode(text, symbols))).toBe(message));

  test("the index is that of JavaScript's strings", () => {
    const text = "😀😀b";
    const message = refusal(() => encode(text, ["😀"]));
    expect(message).toContain("data[4]");
    expect(text[4]).toBe("b");
  });
});

describe('"characters"', () => {
  test("are those of a text, in the order of their code points", () => {
    expect(charactersOf("banana\n😀\uffee")).toEqual(["\n", "a", "b", "n", "\uffee", "😀"]);
  });

  test("are those of the training part", () => {
    const text = "aaaaaabbXY";
    expect(charactersOf(text, 0.2)).toEqual(["a", "b"]);
    expect(charactersOf(text, 0)).toEqual(["X", "Y", "a", "b"]);
    // In code points, as the kernel cuts tokens: 4 of 😀, 1 of b.
    expect(charactersOf("😀😀😀😀b", 0.2)).toEqual(["😀"]);
  });

  test("of samples: of their x and of their y", () => {
    const samples = { x: ["ab", "bc", "xy"], y: ["bd", "ca", "yz"] };
    expect(charactersOf(samples)).toEqual([..."abcdxyz"]);
    expect(charactersOf(samples, 0.34)).toEqual([..."abcd"]);
    expect(charactersOf({ x: ["ba"], y: [[1, 0]] })).toEqual(["a", "b"]);
  });

  test.each<[unknown, string]>([
    ["", "DataError emptyData: data: expected at least one character, got none"],
    ["ab\ud83d!", 'DataError wrongData: data[2]: expected a character, got half a surrogate pair ("\\ud83d")'],
    [{ x: [], y: [] }, "DataError emptyData: x: expected at least one sequence, got none"],
    [
      { x: ["ab", [1]], y: [] },
      'DataError wrongData: x[1]: expected text, got a list of 1 number; input.vocabulary "characters" reads text',
    ],
    [
      { x: ["a\ude00"], y: [] },
      'DataError wrongData: x[0][1]: expected a character, got half a surrogate pair ("\\ude00")',
    ],
    [
      { x: { shape: [1, 1], data: [1] } },
      "DataError wrongData: data: expected text, or samples whose x are texts, got x: a tensor of shape [1, 1]",
    ],
    [{ orders: [1] }, "DataError wrongData: data: expected text, or samples whose x are texts, got an object"],
    [null, "DataError wrongData: data: expected text, or samples whose x are texts, got null"],
  ])("%o", (data, message) => expect(refusal(() => charactersOf(data as Samples | string))).toBe(message));

  test("the training part is the kernel's", () => {
    // crates/train/src/data/prepare.rs, training_count: at least one item for each part where there are two.
    const cases = [
      [10, 0, 10],
      [10, 0.1, 9],
      [10, 0.25, 7],
      [5, 0.5, 2],
      [100, 0.001, 99],
      [3, 0.999, 1],
      [2, 0.01, 1],
      [1, 0.5, 0],
    ];
    for (const [n, share, expected] of cases) expect(trainingCount(n!, share!), `${share} of ${n}`).toBe(expected);
  });
});

describe("data that do not go with the model", () => {
  const size = encodingOf({ input: { size: 1 }, output: { at: "last", size: 1 } });
  const text = encodingOf({ input: { vocabulary: ["a"] } });
  const classes = encodingOf({ input: { vocabulary: ["a"] }, output: { at: "last", classes: 2 } });
  const open = encodingOf({ input: { vocabulary: "characters" } });
  test.each<[unknown, Parameters<typeof encodeData>[1], string]>([
    ["abc", size, "DataError wrongData: data: expected samples { x, y }, got text; text wants input.vocabulary"],
    [
      "abc",
      classes,
      "DataError wrongData: data: expected samples { x, y }, got text; a text by itself wants no output: the next token",
    ],
    ["abc", open, "ConfigError notFitted: the model's vocabulary is found by the first fit; call fit first"],
    [
      [{ orders: 1 }],
      size,
      "DataError wrongData: data: expected samples { x, y }, got a list of 1 item; a table wants input.series; sequences alone have no targets",
    ],
    [
      ["abc"],
      text,
      "DataError wrongData: data: expected samples { x, y }, got a list of 1 string; a table wants input.series; sequences alone have no targets",
    ],
    [
      undefined,
      size,
      "DataError wrongData: data: expected an object { x, y, sampleWeight, initialState }, got undefined",
    ],
  ])("%o", (data, encoding, message) => expect(refusal(() => encodeData(data as string, encoding))).toBe(message));

  test("the argument's name is the one given", () => {
    expect(refusal(() => encodeData("", text, "validationData"))).toMatch(
      "validationData: expected at least one character",
    );
    expect(refusal(() => encodeData({ x: [[1]], y: [] }, size, "validationData"))).toMatch(
      "validationData.y: expected",
    );
  });
});
