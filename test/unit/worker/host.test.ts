/** The worker's side, with a kernel of a few lines: answers, runs, what a trap does. */
import { afterEach, describe, expect, it } from "vitest";
import { judge, listenForPanics, Refusal, Trap } from "../../../ts/kernel/guard.js";
import { answers } from "../../../ts/worker/host.js";
import type { Answers, Bytes, RunEvent, RunOrder, RunRequest, Settled } from "../../../ts/worker/protocol.js";
import { type FakeRun, fakeKernel } from "./fake-kernel.js";

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

const bytes = (value: unknown): Bytes => new TextEncoder().encode(JSON.stringify(value));
const json = (b: Uint8Array) => JSON.parse(new TextDecoder().decode(b));

function makeHost(now?: () => number) {
  listenForPanics();
  const lost: unknown[] = [];
  const moved: Transferable[] = [];
  const host = answers({
    kernel: fakeKernel,
    lost: (record) => lost.push(record),
    transfer: (answer, buffers) => {
      moved.push(...buffers);
      return answer;
    },
    ...(now && { now }),
  });
  return { host, lost, moved };
}

function value<T>(answer: Settled<T>): T {
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}

/** Starts a run and listens to it. */
function start(host: Answers, id: number, run: FakeRun, more: Partial<RunRequest> = {}) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  const events: RunEvent[] = [];
  const order = (o: RunOrder) => port1.postMessage(o);
  let wake = () => {};
  port1.onmessage = ({ data }: MessageEvent<RunEvent>) => {
    events.push(data);
    if (data.kind === "wanted") order({ kind: "batch", bundle: bytes({}) });
    if (data.kind === "checkpoint") order({ kind: "kept" });
    wake();
  };
  const until = async (kind: RunEvent["kind"]) => {
    for (;;) {
      const event = events.find((e) => e.kind === kind);
      if (event) return event;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const answer = host.run(id, { resume: false, run: JSON.stringify(run), data: bytes({}), ...more }, port2, []);
  const end = async () => {
    const event = await until("end");
    if (event.kind !== "end") throw new Error("not the end");
    return event.outcome;
  };
  return { answer, events, order, until, end };
}

const records = (events: RunEvent[]) => events.flatMap((e) => (e.kind === "records" ? e.records : []));

describe("calls", () => {
  it("answers with a value whose buffer moves", () => {
    const { host, moved } = makeHost();
    const { id, parameterCount, description } = value(host.create('{"seed":1}'));
    expect({ parameterCount, description }).toEqual({ parameterCount: 7, description: '{"seed":1}' });
    const file = value(host.save(id, true));
    expect(json(file)).toEqual({ description: '{"seed":1}', weights: 0, training: true });
    expect(moved).toEqual([file.buffer]);
    expect(value(host.load(file)).id).not.toBe(id);
    expect(value(host.evaluate(id, bytes({}), "{}"))).toEqual({ loss: 0, rmse: null });
  });

  it("answers bad input with its record, and goes on", () => {
    const { host, lost } = makeHost();
    const answer = host.create('{"seed":-1}');
    expect(answer).toMatchObject({ ok: false, error: { class: "ConfigError", code: "wrong", path: "seed" } });
    const { id } = value(host.create("{}"));
    expect(host.predict(id, bytes(0), "refuse")).toMatchObject({
      ok: false,
      error: { expected: "yes", received: "no", step: 3 },
    });
    expect(json(value(host.predict(id, bytes([1]), "{}")))).toEqual({ got: [1], weights: 0 });
    expect(lost).toEqual([]);
  });

  it("tells of a trap once, and trusts the instance no more", () => {
    const { host, lost } = makeHost();
    const { id } = value(host.create("{}"));
    expect(host.predict(id, bytes(0), "trap")).toMatchObject({
      ok: false,
      error: { class: "WorkerError", code: "panic" },
    });
    expect(host.create("{}")).toMatchObject({ ok: false, error: { class: "WorkerError" } });
    expect(lost).toHaveLength(1);
  });

  it("takes anything but a string out of wasm for a trap", () => {
    expect(judge(new RangeError("Maximum call stack size exceeded"))).toBeInstanceOf(Trap);
    const record = { class: "ShapeError", code: "c", message: "m" };
    expect(judge(JSON.stringify(record))).toEqual(new Refusal(record));
  });

  it("draws tokens until the end, in slices of time", () => {
    let clock = 0;
    const { host } = makeHost(() => clock++);
    const { id } = value(host.create("{}"));
    const generator = value(host.openGenerator(id, '{"length":25}', bytes("")));
    const first = value(host.generate(id, generator));
    expect(first.ended).toBe(false);
    expect(first.tokens.length).toBeGreaterThan(5);
    const drawn = [...first.tokens];
    for (let ended = false; !ended; ) {
      const next = value(host.generate(id, generator));
      drawn.push(...next.tokens);
      ended = next.ended;
    }
    expect(drawn).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
    expect(json(value(host.closeGenerator(id, generator)))).toEqual({ left: 0 });
    expect(host.generate(id, generator)).toMatchObject({ ok: false });
  });
});

describe("a run", () => {
  it("tells all epochs, the end and its history", async () => {
    const { host } = makeHost();
    const { id } = value(host.create("{}"));
    const run = start(host, id, { steps: 20, metrics: ["rmse"], recordEvery: 4 });
    value(run.answer);
    const outcome = value(await run.end());
    expect(outcome).toMatchObject({ reason: "finished", warnings: [] });
    expect([...outcome.steps.step]).toEqual([4, 8, 12, 16, 20]);
    expect(outcome.steps.loss[1]).toBeCloseTo(1 / 8);
    const epochs = records(run.events).filter((r) => r.kind === "epoch");
    expect(epochs.map((r) => r.epoch)).toEqual([1, 2, 3, 4]);
    expect(epochs[0]).toMatchObject({
      step: 5,
      validationLoss: 0.5,
      metrics: { rmse: 0 },
      validationMetrics: { rmse: 10 },
    });
    expect(run.events[0]).toMatchObject({ kind: "open", info: { steps: 20, warnings: ["careful"] } });
    expect(json(value(host.parameters(id)))).toEqual({ weights: 20 });
  });

  it("is refused with a record when its description is wrong", () => {
    const { host } = makeHost();
    const { id } = value(host.create("{}"));
    expect(start(host, id, { refuse: true }).answer).toMatchObject({
      ok: false,
      error: { class: "ConfigError", path: "steps" },
    });
    expect(start(host, id, { steps: 1 }).answer.ok).toBe(true);
  });

  it("serves calls between slices, saves its own state, and refuses a second run", async () => {
    const { host } = makeHost();
    const { id } = value(host.create("{}"));
    const run = start(host, id, { steps: 1e9, busy: 1 });
    await run.until("records");
    expect(json(value(host.predict(id, bytes(0), "{}"))).weights).toBeGreaterThan(0);
    expect(json(value(host.save(id, true)))).toHaveProperty("checkpoint");
    expect(json(value(host.save(id, false)))).toHaveProperty("weights");
    for (const answer of [
      start(host, id, {}).answer,
      host.setParameters(id, bytes({}), true),
      host.openTrainer(id, "{}"),
    ]) {
      expect(answer).toMatchObject({ ok: false, error: { class: "BusyError" } });
    }
    run.order({ kind: "stop", reason: "stopped" });
    expect(value(await run.end()).reason).toBe("stopped");
    expect(start(host, id, { steps: 1 }).answer.ok).toBe(true);
  });

  it("pauses between updates and goes on", async () => {
    const { host } = makeHost();
    const { id } = value(host.create("{}"));
    const run = start(host, id, { steps: 1e9, busy: 1 });
    run.order({ kind: "pause", number: 1 });
    await run.until("paused");
    const { weights } = json(value(host.parameters(id)));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(json(value(host.parameters(id))).weights).toBe(weights);
    run.order({ kind: "resume" });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(json(value(host.parameters(id))).weights).toBeGreaterThan(weights);
    run.order({ kind: "pause", number: 2 });
    run.order({ kind: "stop", reason: "stopped" });
    expect(value(await run.end()).reason).toBe("stopped");
  });

  it("ends by the clock", async () => {
    const { host } = makeHost();
    const { id } = value(host.create("{}"));
    const outcome = value(await start(host, id, { steps: 1e9, busy: 1, seconds: 0.05 }).end());
    expect(outcome.reason).toBe("seconds");
  });

  it("sends checkpoints at counted steps, one at a time", async () => {
    const { host } = makeHost();
    const { id } = value(host.create("{}"));
    const run = start(host, id, { steps: 40 }, { checkpointEvery: 7 });
    await run.end();
    const files = run.events.flatMap((e) => (e.kind === "checkpoint" ? [json(e.file).checkpoint] : []));
    expect(files).toEqual([7, 14, 21, 28, 35]);
  });

  it("asks for each batch", async () => {
    const { host } = makeHost();
    const { id } = value(host.create("{}"));
    const run = start(host, id, { steps: 6, batches: true });
    value(await run.end());
    expect(run.events.filter((e) => e.kind === "wanted").length).toBeGreaterThanOrEqual(6);
  });

  it("rejects with what the session says when it diverges, and leaves the model usable", async () => {
    const { host } = makeHost();
    const { id } = value(host.create("{}"));
    const outcome = await start(host, id, { steps: 50, divergeAt: 9 }).end();
    expect(outcome).toMatchObject({ ok: false, error: { class: "DivergenceError", step: 9 } });
    expect(start(host, id, { steps: 1 }).answer.ok).toBe(true);
  });

  it("gives the panic's text when it traps", async () => {
    const { host, lost } = makeHost();
    const { id } = value(host.create("{}"));
    const outcome = await start(host, id, { steps: 50, trapAt: 9 }).end();
    expect(outcome).toMatchObject({
      ok: false,
      error: { class: "WorkerError", message: expect.stringContaining("fake.rs:1: broken") },
    });
    expect(lost).toHaveLength(1);
  });
});
