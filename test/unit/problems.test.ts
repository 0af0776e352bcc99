/** The generators of bench/problems: what they promise about their data, and that the data never change. */
import { describe, expect, test } from "vitest";
import { adding, addingBaseline, scoreAdding } from "../../bench/problems/adding.js";
import { frameLikelihood, nextFrames } from "../../bench/problems/chorales.js";
import { digits } from "../../bench/problems/digits.js";
import { mulberry32 } from "../../bench/problems/random.js";
import { embeddedReber, legalAreHighest, reberSymbols, scoreReber } from "../../bench/problems/reber.js";
import { orderClasses, orderSymbols, temporalOrder } from "../../bench/problems/temporalOrder.js";

/** FNV-1a over the JSON text. */
function digest(value: unknown): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(JSON.stringify(value))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}

const mean = (list: ArrayLike<number>) => Array.from(list).reduce((sum, x) => sum + x, 0) / list.length;

describe("random", () => {
  test("is Mulberry32", () => {
    const random = mulberry32(1);
    expect([random.next(), random.next()].map((x) => x * 2 ** 32)).toEqual([2693262067, 11749833]);
  });

  test.each([
    ["adding", adding],
    ["temporal order", temporalOrder],
    ["Reber", embeddedReber],
  ])("%s: a batch depends on its keys alone", (_, make) => {
    const batch = JSON.stringify(make({ seed: 3, index: 2, count: 4 }));
    expect(JSON.stringify(make({ seed: 3, index: 2, count: 4, part: "train" }))).toBe(batch);
    for (const other of [{ seed: 4 }, { index: 3 }, { part: "test" as const }, { part: "validation" as const }])
      expect(JSON.stringify(make({ seed: 3, index: 2, count: 4, ...other }))).not.toBe(batch);
  });

  test("the data stay the same for ever", () => {
    const draw = { seed: 7, index: 5, count: 3 };
    const { x, y } = adding({ ...draw, length: 10 });
    expect(digest([[...x.data], [...y]])).toBe("4562c046");
    expect(digest(temporalOrder(draw))).toBe("1dedca3f");
    expect(digest(embeddedReber(draw))).toBe("5ee74aa6");
  });
});

describe("adding", () => {
  const length = 20;
  const { x, y } = adding({ seed: 1, count: 4000, length });

  test("marks one value in each half; the target is their sum", () => {
    expect(x.shape).toEqual([4000, length, 2]);
    const seen = new Set<number>();
    for (let row = 0; row < 4000; row++) {
      const steps = Array.from({ length }, (_, t) =>
        x.data.subarray((row * length + t) * 2, (row * length + t) * 2 + 2),
      );
      const marked = steps.flatMap(([, mark], t) => (mark === 1 ? [t] : []));
      expect(steps.every(([value, mark]) => Math.abs(value!) <= 1 && (mark === 0 || mark === 1))).toBe(true);
      expect(marked).toHaveLength(2);
      expect(marked[0]! < 10 && marked[1]! >= 10).toBe(true);
      expect(y[row]).toBeCloseTo(steps[marked[0]!]![0]! + steps[marked[1]!]![0]!, 6);
      for (const t of marked) seen.add(t);
    }
    expect(seen.size).toBe(length);
  });

  test("is scored against answering 0", () => {
    expect(scoreAdding(new Float32Array(4000), y).mse).toBeCloseTo(addingBaseline, 1);
    expect(scoreAdding(y, y)).toEqual({ mse: 0, solved: 1 });
    expect(scoreAdding([0, 1, 5], [0.03, 1.05, 5]).solved).toBeCloseTo(2 / 3);
    expect(() => scoreAdding([1], y)).toThrow(RangeError);
  });
});

describe("temporal order", () => {
  const { x, y } = temporalOrder({ seed: 1, count: 2000 });

  test("the class is that of the two symbols, in their places", () => {
    const places = [new Set<number>(), new Set<number>()];
    x.forEach((tokens, row) => {
      const text = tokens.map((k) => orderSymbols[k]).join("");
      expect(text).toMatch(/^E[abcd]{2,}[XY][abcd]+[XY][abcd]+B$/);
      expect(text).toHaveLength(50);
      expect(text.replace(/[^XY]/g, "")).toBe(orderClasses[y[row]!]);
      [...text.matchAll(/[XY]/g)].forEach((match, k) => {
        places[k]!.add(match.index);
      });
    });
    expect([...places[0]!].sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, k) => 3 + k));
    expect([...places[1]!].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, k) => 25 + k));
    for (let k = 0; k < 4; k++) expect(mean(y.map((c) => (c === k ? 1 : 0)))).toBeCloseTo(0.25, 1);
  });

  test("other lengths and places", () => {
    expect(temporalOrder({ seed: 1, count: 1, length: 12 }).x[0]).toHaveLength(12);
    const original = temporalOrder({ seed: 1, count: 50, length: 105, first: [10, 20], second: [50, 60] });
    for (const tokens of original.x) expect(tokens.findIndex((k) => k >= 6)).toBeGreaterThanOrEqual(10);
    expect(() => temporalOrder({ seed: 1, count: 1, length: 20, second: [15, 19] })).toThrow(RangeError);
  });
});

describe("embedded Reber", () => {
  const strings = embeddedReber({ seed: 1, count: 2000 });

  test("strings of the grammar, and what may come next", () => {
    // The automaton as an expression, state 2 being `two`.
    const two = "(?:T*VPX)*T*V(?:V|PS)";
    const grammar = new RegExp(`^B([TP])B(?:TS*X(?:S|X${two})|P${two})E\\1E$`);
    const followers = new Map<string, Set<number>>();
    strings.x.forEach((tokens, row) => {
      const next = strings.y[row]!;
      const text = [...tokens, next.at(-1)!].map((k) => reberSymbols[k]).join("");
      expect(tokens.slice(1)).toEqual(next.slice(0, -1));
      expect(text).toMatch(grammar);
      next.forEach((symbol, step) => {
        expect(strings.legal[row]![step]).toContain(symbol);
        const prefix = text.slice(0, step + 1);
        if (!followers.has(prefix)) followers.set(prefix, new Set());
        followers.get(prefix)!.add(symbol);
      });
    });
    // In 2000 strings every short prefix meets all its followers: the lists are neither too long nor too short.
    strings.legal.forEach((steps, row) => {
      const text = strings.x[row]!.map((k) => reberSymbols[k]).join("");
      for (let step = 0; step < 6; step++) expect(new Set(steps[step])).toEqual(followers.get(text.slice(0, step + 1)));
    });
  });

  test("solved: the legal symbols above all others at every step", () => {
    expect(legalAreHighest([0.1, 0.4, 0.3, 0.2], [1, 2])).toBe(true);
    expect(legalAreHighest([0.35, 0.4, 0.3, 0.2], [1, 2])).toBe(false);
    expect(legalAreHighest([0.5, 0.5], [0])).toBe(false);
    expect(legalAreHighest([Number.NaN, 0.5], [0])).toBe(false);

    const longest = Math.max(...strings.x.map((s) => s.length));
    const data = new Float32Array(2000 * longest * 7).fill(Number.NaN);
    const at = (row: number, step: number) => (row * longest + step) * 7;
    strings.legal.forEach((steps, row) => {
      steps.forEach((legal, step) => {
        for (let k = 0; k < 7; k++) data[at(row, step) + k] = legal.includes(k) ? 1 / legal.length : 0;
      });
    });
    const values = { shape: [2000, longest, 7], data };
    expect(scoreReber(values, strings)).toEqual({ steps: 1, outer: 1, solved: true });

    // Not to know the outer symbol of one string.
    const last = strings.legal[5]!.length - 2;
    for (const k of [1, 2]) data[at(5, last) + k] = 0.5;
    const score = scoreReber(values, strings);
    expect(score.outer).toBe(1999 / 2000);
    expect(score.solved).toBe(false);
    expect(() => scoreReber({ shape: [2000, 3, 7], data }, strings)).toThrow(RangeError);
  });
});

describe("digits", () => {
  test("are the package's, row by row, ink from 0 to 1", () => {
    const { x, y } = digits("test");
    expect(x.shape).toEqual([10_000, 28, 28]);
    expect(x.data).toHaveLength(10_000 * 28 * 28);
    expect([...y.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let [least, most, sum] = [1, 0, 0];
    for (const ink of x.data) [least, most, sum] = [Math.min(least, ink), Math.max(most, ink), sum + ink];
    expect([least, most]).toEqual([0, 1]);
    // The mean ink of the test images.
    expect(sum / x.data.length).toBeCloseTo(0.1325, 4);
  });

  test("the last of the training images are for validation", () => {
    const [train, validation] = [digits("train"), digits("validation")];
    expect([train.y.length, validation.y.length]).toEqual([55_000, 5000]);
    expect([...train.y.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect(new Set(validation.y).size).toBe(10);
    expect(train.x.data).toHaveLength(55_000 * 28 * 28);
  });
});

describe("chorales", () => {
  test("each frame is to foretell the next", () => {
    const { x, y } = nextFrames([
      [[0, 87], [3], []],
      [[5], [5, 6]],
    ]);
    expect(x.map((list) => list.length)).toEqual([2, 1]);
    const sounding = (list: Float32Array[]) => list.map((frame) => [...frame.keys()].filter((key) => frame[key] === 1));
    expect(x.map(sounding)).toEqual([[[0, 87], [3]], [[5]]]);
    expect(y.map(sounding)).toEqual([[[3], []], [[5, 6]]]);
    expect(() => nextFrames([[[88]]])).toThrow(RangeError);
  });

  test("a frame's likelihood is the sum over its keys", () => {
    expect(frameLikelihood(Math.LN2)).toBeCloseTo(88 * Math.LN2);
  });
});
