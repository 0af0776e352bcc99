/** The worker's side of what goes on beside runs and beside each other: learners, several models, a trap, the warm-up. */
import { describe, expect, it, vi } from "vitest";
import type { LearnerAnswer } from "../../../ts/worker/protocol.js";
import { bytes, json, later, learn, made, makeHost, slow, start, value } from "./a-host.js";
import { alive, fakeKernel, record } from "./fake-kernel.js";

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
