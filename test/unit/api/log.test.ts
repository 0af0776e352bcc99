import { afterEach, describe, expect, it, vi } from "vitest";
import { Log } from "../../../ts/api/log.js";
import { ProgressReader } from "../../../ts/api/progress.js";
import type { History } from "../../../ts/api/types.js";
import type { RunRecord, SessionInfo } from "../../../ts/worker/protocol.js";

const info: SessionInfo = {
  epochs: 4,
  steps: 40,
  step: 0,
  epoch: 0,
  batches: 0,
  recordEvery: 1,
  metrics: [],
  warnings: [],
};
const record = (kind: "step" | "epoch", step: number): RunRecord => ({
  kind,
  epoch: Math.ceil(step / 10),
  step,
  loss: 1 / step,
  gradientNorm: 2,
  clipped: 0,
  learningRate: 0.1,
  metrics: {},
});
const history: History = {
  epochs: [],
  steps: {
    step: new Int32Array(),
    loss: new Float32Array(),
    gradientNorm: new Float32Array(),
    learningRate: new Float64Array(),
  },
  best: { epoch: 2, validationLoss: 0.25 },
  reason: "finished",
  warnings: ["column 1 is large"],
};

function screen(isTTY: boolean) {
  const written: string[] = [];
  return { written, out: { isTTY, columns: 100, write: (text: string) => written.push(text) } };
}

afterEach(() => vi.restoreAllMocks());

describe("progress", () => {
  it("tells what is planned and how fast it goes, over the last two seconds", () => {
    const reader = new ProgressReader(info);
    expect(reader.read([record("step", 10)], 1)[0]).toMatchObject({
      epochs: 4,
      steps: 40,
      elapsed: 1,
      stepsPerSecond: 10,
    });
    reader.read([record("step", 12)], 2);
    reader.read([record("step", 14)], 3);
    expect(reader.read([record("step", 16)], 4)[0]?.stepsPerSecond).toBe(2);
  });

  it("of a resumed run counts the speed from where it goes on", () => {
    const reader = new ProgressReader({ ...info, step: 1000 });
    expect(reader.read([record("step", 1010)], 1)[0]?.stepsPerSecond).toBe(10);
  });
});

describe("of a run that went back", () => {
  it("the speed is measured from there", () => {
    const reader = new ProgressReader(info);
    reader.read([record("step", 30)], 1);
    expect(reader.read([record("step", 10)], 2)[0]?.stepsPerSecond).toBe(0);
    expect(reader.read([record("step", 15)], 3)[0]?.stepsPerSecond).toBe(5);
  });
});

describe("log", () => {
  const show = (log: Log) => {
    const reader = new ProgressReader(info);
    for (const p of reader.read([record("step", 5), record("epoch", 10)], 1)) log.show(p);
  };

  it("redraws one line on a terminal, within its width", () => {
    const { written, out } = screen(true);
    const log = new Log(out);
    show(log);
    expect(written).toHaveLength(1); // the second comes at the same time, and is drawn at the end
    log.end(history);
    for (const text of written.slice(0, 2)) expect(text).toHaveLength(100); // a carriage return and 99 columns
    expect(written[1]).toMatch(/^\r█{6}░{18} epoch 1\/4 {2}loss 0.1000 /);
    expect(written.slice(2).join("")).toBe(
      "\nfinished after 10 steps, 1.0 s, best epoch 2: 0.2500\nwarning: column 1 is large\n",
    );
  });

  it("tells figures of training from those of validation", () => {
    const { written, out } = screen(false);
    const log = new Log(out);
    const reader = new ProgressReader(info);
    const metrics = { rmse: 3, mae: 2 };
    const validated = { validationLoss: 0.5, validationMetrics: { rmse: 7, mae: 6 } };
    for (const more of [{ metrics }, { metrics, ...validated }]) {
      for (const p of reader.read([{ ...record("epoch", 10), ...more }], 1)) log.show(p);
    }
    expect(written.map((line) => line.slice(line.indexOf("loss"), line.lastIndexOf("  ")))).toEqual([
      "loss 0.1000  rmse 3  mae 2",
      "loss 0.1000  validation: loss 0.5000, rmse 7, mae 6",
    ]);
  });

  it("writes a line for each epoch into a file", () => {
    const { written, out } = screen(false);
    show(new Log(out));
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/epoch 1\/4.*steps\/s\n$/);
  });

  it("writes about fifty lines, however many epochs there are", () => {
    const { written, out } = screen(false);
    const log = new Log(out);
    const reader = new ProgressReader({ ...info, epochs: 1000, steps: 10_000 });
    for (let epoch = 1; epoch <= 1000; epoch++) {
      for (const p of reader.read([record("epoch", 10 * epoch)], epoch)) log.show(p);
    }
    expect(written).toHaveLength(50);
    expect(written.at(-1)).toContain("epoch 1000/1000");
  });

  it("uses the console where there is no stderr", () => {
    const lines = vi.spyOn(console, "log").mockImplementation(() => {});
    vi.spyOn(process, "stderr", "get").mockReturnValue(undefined as never);
    show(new Log());
    expect(lines).toHaveBeenCalledTimes(1);
  });
});
