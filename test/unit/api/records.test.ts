import { describe, expect, it } from "vitest";
import { toCsv, toJsonLines } from "../../../ts/api/records.js";
import type { History, Progress } from "../../../ts/api/types.js";

const epoch = (n: number, more: Partial<Progress> = {}): Progress => ({
  kind: "epoch",
  epoch: n,
  epochs: Number.POSITIVE_INFINITY,
  step: 2 * n,
  steps: Number.POSITIVE_INFINITY,
  loss: 0.1 + 0.2, // 0.30000000000000004
  gradientNorm: 5e-324,
  clipped: 1 / 3,
  learningRate: 1e21,
  metrics: { rmse: 1.7976931348623157e308 },
  elapsed: 0.5,
  stepsPerSecond: 4,
  ...more,
});
const history: History = {
  epochs: [epoch(1), epoch(2, { validationLoss: 0.7, validationMetrics: { rmse: Number.NaN } })],
  steps: {
    step: Int32Array.of(1, 2, 4),
    loss: Float32Array.of(0.1, 3.4e38, 1e-45),
    gradientNorm: Float32Array.of(1, 2, 3),
    learningRate: Float64Array.of(0.1, 0.05, 1e-300),
  },
  best: { epoch: 2, validationLoss: 0.7 },
  reason: "target",
  warnings: ['a "quoted", one'],
};

/** By RFC 4180, so that it can be read by what has not written it. */
function parse(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === "\r\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

describe("JSON lines", () => {
  const read = (text: string) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("of a history hold its steps and epochs in order, and how it ended", () => {
    const lines = read(toJsonLines(history));
    expect(lines.map(({ kind, step }) => [kind, step])).toEqual([
      ["step", 1],
      ["step", 2],
      ["epoch", 2],
      ["step", 4],
      ["epoch", 4],
      ["end", undefined],
    ]);
    expect(lines.at(-1)).toEqual({
      kind: "end",
      reason: "target",
      best: { epoch: 2, validationLoss: 0.7 },
      warnings: ['a "quoted", one'],
    });
  });

  it("give back every number", () => {
    const lines = read(toJsonLines(history));
    expect(lines.filter(({ kind }) => kind === "step").map(({ loss }) => loss)).toEqual([...history.steps.loss]);
    expect(lines.filter(({ kind }) => kind === "step").map((line) => line.learningRate)).toEqual([0.1, 0.05, 1e-300]);
    const { loss, gradientNorm, clipped, learningRate, metrics, epochs } = lines[2];
    expect([loss, gradientNorm, clipped, learningRate, metrics.rmse]).toEqual([
      0.30000000000000004,
      5e-324,
      1 / 3,
      1e21,
      1.7976931348623157e308,
    ]);
    expect(Number(epochs)).toBe(Number.POSITIVE_INFINITY);
    expect(Number(lines[4].validationMetrics.rmse)).toBeNaN();
  });

  it("of single events make up those of all", () => {
    expect(history.epochs.map((e) => toJsonLines(e)).join("")).toBe(toJsonLines(history.epochs));
    expect(toJsonLines([])).toBe("");
  });
});

describe("CSV", () => {
  it("of a history gives back every number, under its name", () => {
    const [names, ...rows] = parse(toCsv(history)) as [string[], ...string[][]];
    const column = (name: string) => rows.map((row) => row[names.indexOf(name)]!);
    expect(column("kind")).toEqual(["step", "step", "epoch", "step", "epoch"]);
    expect(column("step").map(Number)).toEqual([1, 2, 2, 4, 4]);
    expect(column("loss").map(Number)).toEqual([
      Math.fround(0.1),
      Math.fround(3.4e38),
      0.30000000000000004,
      Math.fround(1e-45),
      0.30000000000000004,
    ]);
    expect(column("metrics.rmse").map((text) => (text === "" ? undefined : Number(text)))).toEqual([
      undefined,
      undefined,
      1.7976931348623157e308,
      undefined,
      1.7976931348623157e308,
    ]);
    expect(column("epochs")[2]).toBe("Infinity");
    expect(column("validationLoss")).toEqual(["", "", "", "", "0.7"]);
    expect(column("validationMetrics.rmse")[4]).toBe("NaN");
    for (const row of rows) expect(row).toHaveLength(names.length);
  });

  it("comes in pieces of the same columns", () => {
    const columns = ["epoch", "loss", "validationLoss"];
    const [first, second] = history.epochs as [Progress, Progress];
    const pieces = toCsv(first, { columns }) + toCsv([second], { columns, header: false });
    expect(pieces).toBe(toCsv(history.epochs, { columns }));
    expect(pieces).toBe("epoch,loss,validationLoss\r\n1,0.30000000000000004,\r\n2,0.30000000000000004,0.7\r\n");
  });

  it("quotes what would end a cell", () => {
    const odd = epoch(1, { metrics: { 'a,"b"': 1 } });
    expect(parse(toCsv(odd))[0]).toContain('metrics.a,"b"');
  });
});

describe("what holds no records", () => {
  const cases: [unknown, string][] = [
    [3, "records: expected a history, an event of a run or a list of events, got 3"],
    ["epochs", 'records: expected a history, an event of a run or a list of events, got "epochs"'],
    [undefined, "records: expected a history, an event of a run or a list of events, got undefined"],
    [null, "records: expected a history, an event of a run or a list of events, got null"],
    [{ steps: 3, epochs: 5 }, "records: expected a history, an event of a run or a list of events, got an object"],
    [{ loss: 1 }, "records: expected a history, an event of a run or a list of events, got an object"],
    [
      Promise.resolve(history),
      "records: expected a history, an event of a run or a list of events, got a Promise; await the run",
    ],
    [[epoch(1), 2], "records[1]: expected an event of a run, got 2"],
  ];
  it.each(cases)("is refused: %j", (value, message) => {
    for (const write of [toCsv, toJsonLines]) {
      expect(() => write(value as never)).toThrow(expect.objectContaining({ name: "DataError", message }));
    }
  });
});
