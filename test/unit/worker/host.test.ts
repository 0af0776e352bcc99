/** The worker's side, with a kernel of a few lines: answers, runs, what a trap does. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { judge, listenForPanics, Refusal, Trap } from "../../../ts/kernel/guard.js";
import { answers } from "../../../ts/worker/host.js";
import type {
  Answers,
  Bytes,
  LearnerAnswer,
  LearnerCall,
  RunEvent,
  RunOrder,
  RunRequest,
  Settled,
} from "../../../ts/worker/protocol.js";
import { alive, FakeReader, type FakeRun, fakeKernel, record } from "./fake-kernel.js";

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

function made(host: Answers, id = 1): number {
  value(host.create(id, "{}"));
  return id;
}

/** Starts a run and listens to it. */
function start(host: Answers, id: number, run: FakeRun, more: Partial<RunRequest> = {}, peers: MessagePort[] = []) {
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
  const answer = host.run(id, { resume: false, run: JSON.stringify(run), data: bytes({}), ...more }, port2, peers);
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
    const id = 7;
    const { parameterCount, description } = value(host.create(id, '{"seed":1}'));
    expect({ parameterCount, description }).toEqual({ parameterCount: 7, description: '{"seed":1}' });
    const file = value(host.save(id, true));
    expect(json(file)).toEqual({ description: '{"seed":1}', weights: 0, training: true });
    expect(moved).toEqual([file.buffer]);
    expect(value(host.load(8, file)).description).toBe(description);
    expect(value(host.evaluate(id, bytes({}), "{}"))).toEqual({ loss: 0, rmse: null });
  });

  it("takes data piece by piece, and gives each buffer back", async () => {
    const { host, moved } = makeHost();
    const id = made(host);
    const buffer = new Uint8Array(8);
    expect(value(host.feed(id, 5, 11, buffer, 8))).toBe(buffer);
    expect(value(host.feed(id, 5, 11, buffer, 3))).toBe(buffer);
    expect(moved.slice(-2)).toEqual([buffer.buffer, buffer.buffer]);
    expect(FakeReader.left).toBe(1);
    expect(value(host.evaluate(id, 5, "{}"))).toEqual({ loss: 0, rmse: null });
    expect(FakeReader.left).toBe(0);
    expect(host.evaluate(id, 5, "{}")).toMatchObject({
      ok: false,
      error: { class: "DisposedError", code: "disposed" },
    });
  });

  it("forgets data that it was fed for nothing", () => {
    const { host } = makeHost();
    const id = made(host);
    value(host.feed(id, 1, 20, new Uint8Array(8), 8));
    const refused = host.feed(id, 1, 20, new Uint8Array(8).fill(255), 8);
    expect(refused).toMatchObject({ ok: false, error: { message: "data: no" } });
    expect(FakeReader.left).toBe(1);
    value(host.forget(id, 1));
    value(host.forget(id, 1));
    expect(FakeReader.left).toBe(0);
    value(host.feed(id, 2, 20, new Uint8Array(8), 8));
    value(host.dispose(id));
    expect(FakeReader.left).toBe(0);
  });

  it("takes a number under which nothing is open for bad input, and goes on", () => {
    const { host, lost } = makeHost();
    const id = made(host);
    const answers = [host.parameters(99), host.trainerApply(id, 99, bytes({})), host.closeGenerator(id, 99)];
    for (const answer of answers) expect(answer).toMatchObject({ ok: false, error: { class: "DisposedError" } });
    value(host.parameters(id));
    expect(lost).toEqual([]);
  });

  it("answers bad input with its record, and goes on", () => {
    const { host, lost } = makeHost();
    const answer = host.create(1, '{"seed":-1}');
    expect(answer).toMatchObject({ ok: false, error: { class: "ConfigError", code: "wrong", path: "seed" } });
    const id = made(host);
    expect(host.predict(id, bytes(0), "refuse")).toMatchObject({
      ok: false,
      error: { expected: "yes", received: "no", step: 3 },
    });
    expect(json(value(host.predict(id, bytes([1]), "{}")))).toEqual({ got: [1], weights: 0 });
    expect(lost).toEqual([]);
  });

  it("tells of a trap once, and trusts the instance no more", () => {
    const { host, lost } = makeHost();
    const id = made(host);
    expect(host.predict(id, bytes(0), "trap")).toMatchObject({
      ok: false,
      error: { class: "WorkerError", code: "panic" },
    });
    expect(host.create(2, "{}")).toMatchObject({ ok: false, error: { class: "WorkerError" } });
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
    const id = made(host);
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
    const id = made(host);
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
    const id = made(host);
    expect(start(host, id, { refuse: true }).answer).toMatchObject({
      ok: false,
      error: { class: "ConfigError", path: "steps" },
    });
    expect(start(host, id, { steps: 1 }).answer.ok).toBe(true);
  });

  it.each<[string, FakeRun, Partial<RunRequest>]>([
    ["its description is wrong", { refuse: true }, {}],
    ["its data are", {}, { data: Uint8Array.of(255) }],
    ["its data are not there", {}, { data: 99 }],
    ["its validation data are wrong", {}, { validation: Uint8Array.of(255) }],
    ["they are not there", {}, { validation: 99 }],
  ])("leaves no handle behind when %s", async (_, run, more) => {
    alive.clear();
    const { host, lost } = makeHost();
    const id = made(host);
    const before = FakeReader.left;
    expect(start(host, id, run, { complete: "{}", ...more }).answer.ok).toBe(false);
    await later();
    expect(FakeReader.left).toBe(before);
    expect(alive.size).toBe(1);
    expect(lost).toEqual([]);
  });

  it.each([true, false])("that has no room for the shares of its workers is refused (shared: %s)", (shared) => {
    const { host, lost } = makeHost();
    const id = made(host);
    alive.clear();
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    const parallel = { workers: 2, index: 0 };
    const { answer } = start(host, id, { share: 2 ** 50 }, { parallel, shared, complete: "{}" }, [port2]);
    const bytes = shared ? 64 + 2 ** 53 : 2 ** 52;
    expect(answer).toMatchObject({ ok: false, error: { class: "MemoryError", code: "outOfMemory", bytes } });
    expect(alive.size).toBe(0);
    expect(start(host, id, { steps: 1 }).answer.ok).toBe(true);
    expect(lost).toEqual([]);
  });

  it("ends when a message from another worker cannot be read", async () => {
    const { host, lost } = makeHost();
    const id = made(host);
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    const run = start(host, id, {}, { parallel: { workers: 2, index: 0 }, shared: true }, [port2]);
    port2.dispatchEvent(new Event("messageerror"));
    const error = { class: "WorkerError", message: expect.stringContaining("could not be read") };
    expect(await run.end()).toMatchObject({ ok: false, error });
    expect(lost).toEqual([]);
  });

  it("leaves no timer behind when its model is disposed of while it waits", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { host } = makeHost();
      const id = made(host);
      await start(host, id, { steps: 9, batches: true, seconds: 1000 }).until("wanted");
      expect(vi.getTimerCount()).toBe(1);
      value(host.dispose(id));
      await new Promise((resolve) => setImmediate(resolve));
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("serves calls between slices, saves its own state, and refuses a second run", async () => {
    const { host } = makeHost();
    const id = made(host);
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
    const id = made(host);
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
    const id = made(host);
    const outcome = value(await start(host, id, { steps: 1e9, busy: 1, seconds: 0.05 }).end());
    expect(outcome.reason).toBe("seconds");
  });

  it("sends checkpoints at counted steps, one at a time", async () => {
    const { host } = makeHost();
    const id = made(host);
    const run = start(host, id, { steps: 40 }, { checkpointEvery: 7 });
    await run.end();
    const files = run.events.flatMap((e) => (e.kind === "checkpoint" ? [json(e.file).checkpoint] : []));
    expect(files).toEqual([7, 14, 21, 28, 35]);
  });

  it("asks for each batch", async () => {
    const { host } = makeHost();
    const id = made(host);
    const run = start(host, id, { steps: 6, batches: true });
    value(await run.end());
    expect(run.events.filter((e) => e.kind === "wanted").length).toBeGreaterThanOrEqual(6);
  });

  it("rejects with what the session says when it diverges, and leaves the model usable", async () => {
    const { host } = makeHost();
    const id = made(host);
    const outcome = await start(host, id, { steps: 50, divergeAt: 9 }).end();
    expect(outcome).toMatchObject({ ok: false, error: { class: "DivergenceError", step: 9 } });
    expect(start(host, id, { steps: 1 }).answer.ok).toBe(true);
  });

  it("gives the panic's text when it traps", async () => {
    const { host, lost } = makeHost();
    const id = made(host);
    const outcome = await start(host, id, { steps: 50, trapAt: 9 }).end();
    expect(outcome).toMatchObject({
      ok: false,
      error: { class: "WorkerError", message: expect.stringContaining("fake.rs:1: broken") },
    });
    expect(lost).toHaveLength(1);
  });
});

/** Opens a learner; `ask` answers in order. */
function learn(host: Answers, id: number) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  value(host.openLearner(id, "{}", port2));
  const waiting: ((answer: LearnerAnswer) => void)[] = [];
  port1.onmessage = ({ data }: MessageEvent<LearnerAnswer>) => waiting.shift()?.(data);
  return (call: LearnerCall) =>
    new Promise<LearnerAnswer>((resolve) => {
      waiting.push(resolve);
      port1.postMessage(call);
    });
}

/** A clock by which each step takes longer than a slice. */
function slow(): () => number {
  let clock = 0;
  return () => (clock += 10);
}

const later = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("a learner", () => {
  it("goes over a sequence in slices, between which calls and runs have their turn; what was asked after it comes after it", async () => {
    const { host } = makeHost(slow());
    const ask = learn(host, made(host));
    const order: string[] = [];
    const asked = [
      ask({ kind: "run", bundle: bytes(30_000) }).then(() => order.push("run")),
      ask({ kind: "step", x: Float32Array.of(1) }).then(() => order.push("step")),
    ];
    await later();
    const run = start(host, made(host, 2), { steps: 3 });
    value(await run.end());
    order.push("another model's run");
    await Promise.all(asked);
    expect(order).toEqual(["another model's run", "run", "step"]);
  });

  it("answers a sequence that it cannot read with its record, and goes on", async () => {
    const { host } = makeHost();
    const ask = learn(host, made(host));
    expect(await ask({ kind: "run", bundle: bytes(-1) })).toMatchObject({ ok: false, error: { path: "x" } });
    expect(json((value(await ask({ kind: "run", bundle: bytes(9) })) as Uint8Array) ?? bytes(0))).toBe(9);
  });

  it("gives up a sequence and all that waits behind it when it is closed, and frees the weights", async () => {
    const { host } = makeHost(slow());
    const id = made(host);
    const ask = learn(host, id);
    const asked = [
      ask({ kind: "run", bundle: bytes(1e300) }),
      ask({ kind: "step", x: Float32Array.of(1) }),
      ask({ kind: "run", bundle: bytes(1) }),
    ];
    await later();
    expect(host.setParameters(id, bytes({}), true)).toMatchObject({ ok: false, error: { class: "BusyError" } });
    expect(await ask({ kind: "close" })).toEqual({ ok: true, value: undefined });
    for (const answer of await Promise.all(asked))
      expect(answer).toMatchObject({ ok: false, error: { class: "DisposedError", code: "disposed" } });
    value(host.setParameters(id, bytes({}), true));
  });
});

describe("models in one worker", () => {
  it("take turns: when a call comes in, each run has come as far as the others", async () => {
    const { host } = makeHost(slow());
    const runs = [1, 2, 3].map((id) => start(host, made(host, id), { steps: 1e9 }));
    const done = () => [1, 2, 3].map((id) => json(value(host.parameters(id))).weights as number);
    await vi.waitFor(() => expect(Math.max(...done())).toBeGreaterThan(10));
    const [least, most] = [Math.min(...done()), Math.max(...done())];
    for (const run of runs) run.order({ kind: "stop", reason: "stopped" });
    await Promise.all(runs.map((run) => run.end()));
    expect(most - least).toBeLessThanOrEqual(1);
  });

  it("are freed one by one with all that is open on them, whatever it does; the others go on", async () => {
    alive.clear();
    const { host, lost } = makeHost();
    const other = start(host, made(host, 1), { steps: 200, busy: 1 });
    const left = () => alive.size;
    await later();
    await later(); // the warm-up's handles are freed too
    const before = left();

    const running = start(host, made(host, 2), { steps: 1e9, busy: 1 });
    const paused = start(host, made(host, 3), { steps: 1e9 });
    paused.order({ kind: "pause", number: 1 });
    const learning = learn(host, made(host, 4));
    void learning({ kind: "run", bundle: bytes(1e300) });
    value(host.openTrainer(made(host, 5), "{}"));
    value(host.openGenerator(5, "{}", bytes("")));
    await paused.until("paused");
    expect(left()).toBe(before + 9);
    for (const id of [2, 3, 4, 5, 99]) value(host.dispose(id));
    await vi.waitFor(() => expect(left()).toBeLessThanOrEqual(before));
    expect(running.events.every(({ kind }) => kind !== "end")).toBe(true);
    expect(value(await other.end()).reason).toBe("finished");
    expect(lost).toEqual([]);
  });
});

describe("a trap", () => {
  it("is the end of what the other models do too: nothing more is computed or told", async () => {
    const { host, lost } = makeHost();
    const [first, second] = [made(host), made(host, 2)];
    const run = start(host, second, { steps: 100, busy: 1 }, { checkpointEvery: 5 });
    const paused = start(host, made(host, 3), { steps: 100 });
    paused.order({ kind: "pause", number: 1 });
    const ask = learn(host, made(host, 4));
    const answered: LearnerAnswer[] = [];
    await run.until("checkpoint");
    await paused.until("paused");
    const { weights } = json(value(host.parameters(second)));
    expect(host.predict(first, bytes(0), "trap").ok).toBe(false);
    paused.order({ kind: "pause", number: 2 });
    void ask({ kind: "step", x: Float32Array.of(1) }).then((answer) => answered.push(answer));
    paused.order({ kind: "resume" });
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const event of [...run.events, ...paused.events]) {
      expect(event.kind).not.toBe("end");
      if (event.kind === "checkpoint") expect(json(event.file).checkpoint).toBeLessThanOrEqual(weights);
      if (event.kind === "records") expect(event.records.at(-1)?.step).toBeLessThanOrEqual(weights);
      if (event.kind === "paused") expect(event.number).toBe(1);
    }
    expect(answered).toEqual([]);
    expect(lost).toHaveLength(1);
  });

  it("of a learner leaves what waits behind it unanswered", async () => {
    const { host, lost } = makeHost(slow());
    const ask = learn(host, made(host));
    const answered: LearnerAnswer[] = [];
    const asked = ask({ kind: "run", bundle: bytes("trap") });
    void ask({ kind: "step", x: Float32Array.of(1) }).then((answer) => answered.push(answer));
    expect(await asked).toMatchObject({ ok: false, error: { class: "WorkerError", code: "panic" } });
    await later();
    expect(answered).toEqual([]);
    expect(lost).toHaveLength(1);
  });
});

describe("warming up", () => {
  it("is done once, ends with the first call, and leaves nothing behind", async () => {
    alive.clear();
    const { host } = makeHost(() => 0);
    const id = made(host);
    await vi.waitFor(() => expect(alive.size).toBe(3));
    value(host.evaluate(id, bytes({}), "{}"));
    await vi.waitFor(() => expect(alive.size).toBe(1));
    made(host, 2);
    await later();
    expect(alive.size).toBe(2);
  });

  it("leaves nothing behind when there is no room for it", async () => {
    alive.clear();
    const { fit } = fakeKernel.Session;
    fakeKernel.Session.fit = () => {
      throw record("no room");
    };
    try {
      const { host, lost } = makeHost(() => 0);
      made(host);
      await later();
      expect(alive.size).toBe(1);
      expect(lost).toEqual([]);
    } finally {
      fakeKernel.Session.fit = fit;
    }
  });
});
