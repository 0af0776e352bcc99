/** How long a loss of the user's own is waited for, by a clock of the test's. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Core } from "../../../ts/api/core.js";
import { patiently, watchLosses } from "../../../ts/api/patience.js";
import type { Connection } from "../../../ts/worker/connection.js";
import type { Asked } from "../../../ts/worker/protocol.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A worker that is at what the test has it be, and when it was given up. */
function worker() {
  const it: { asked?: Asked; lost: number[] } = { lost: [] };
  const say = (calls: number, asking: boolean, longest = 0) => {
    it.asked = { calls, asking, longest };
  };
  return { it, say };
}

function watch(...workers: ReturnType<typeof worker>[]) {
  const begun = performance.now();
  const connections = workers.map(({ it }) => it as unknown as Connection);
  return watchLosses(
    () => connections,
    (lost) => (lost as unknown as { lost: number[] }).lost.push(performance.now() - begun),
  );
}

describe("a watch over losses", () => {
  it("waits for a call as long as one may take, and tells once of one that lasts longer", () => {
    const one = worker();
    one.say(1, true);
    watch(one);
    vi.advanceTimersByTime(2900);
    expect(one.it.lost).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(one.it.lost).toHaveLength(1);
    vi.advanceTimersByTime(60_000);
    expect(one.it.lost).toHaveLength(1);
    expect(one.it.lost[0]).toBeGreaterThan(2900);
  });

  it("counts each call anew, though it sees none of them return", () => {
    const one = worker();
    one.say(1, true);
    watch(one);
    for (let calls = 2; calls < 22; calls++) {
      vi.advanceTimersByTime(2500);
      one.say(calls, true);
    }
    expect(one.it.lost).toEqual([]);
    vi.advanceTimersByTime(3500);
    expect(one.it.lost[0]).toBeGreaterThan(50_000);
  });

  it("takes what is said again of one call for no sign of life", () => {
    const one = worker();
    watch(one);
    for (let i = 0; i < 50; i++) {
      one.say(7, true); // another object each time, as read from shared memory
      vi.advanceTimersByTime(100);
    }
    expect(one.it.lost).toHaveLength(1);
  });

  it("waits for the kernel without an end, between calls too", () => {
    const [none, kernel, between] = [worker(), worker(), worker()];
    kernel.say(1, false);
    watch(none, kernel, between);
    vi.advanceTimersByTime(3_600_000);
    for (let calls = 1; calls < 100; calls++) {
      between.say(calls, true);
      vi.advanceTimersByTime(2000);
      between.say(calls, false);
      vi.advanceTimersByTime(10_000);
    }
    expect([none, kernel, between].map(({ it }) => it.lost)).toEqual([[], [], []]);
  });

  it("waits for a loss that is slow four times as long as it has taken, and a minute at most", () => {
    const [slow, slower] = [worker(), worker()];
    slow.say(1, true, 5000);
    slower.say(1, true, 1e6);
    watch(slow, slower);
    vi.advanceTimersByTime(100_000);
    expect(slow.it.lost[0]).toBeGreaterThan(19_900);
    expect(slow.it.lost[0]).toBeLessThan(20_500);
    expect(slower.it.lost[0]).toBeGreaterThan(59_900);
    expect(slower.it.lost[0]).toBeLessThan(60_500);
  });

  it("waits a minute for calls that are told together: the kernel may be at work between them", () => {
    const one = worker();
    one.it.asked = { calls: 5, asking: true, longest: 2, together: true };
    watch(one);
    vi.advanceTimersByTime(59_000);
    expect(one.it.lost).toEqual([]);
    vi.advanceTimersByTime(2000);
    expect(one.it.lost).toHaveLength(1);
  });

  it("gives up those alone that do not return, and nobody once it is called off", () => {
    const [well, stuck, later] = [worker(), worker(), worker()];
    well.say(1, false);
    stuck.say(1, true);
    const forget = watch(well, stuck, later);
    vi.advanceTimersByTime(3500);
    later.say(1, true);
    forget();
    vi.advanceTimersByTime(60_000);
    expect([well.it.lost, later.it.lost]).toEqual([[], []]);
    expect(stuck.it.lost).toHaveLength(1);
  });

  it("does not take a thread that was blocked for a worker that said nothing", () => {
    const one = worker();
    one.say(1, true);
    watch(one);
    vi.advanceTimersByTime(200);
    const real = performance.now;
    const offset = 60_000; // all at once, and what the worker said meanwhile comes after the look
    const spy = vi.spyOn(performance, "now").mockImplementation(() => real.call(performance) + offset);
    vi.advanceTimersByTime(100);
    expect(one.it.lost).toEqual([]);
    one.say(2, true);
    vi.advanceTimersByTime(1000);
    expect(one.it.lost).toEqual([]);
    spy.mockRestore();
  });
});

describe("work that is waited for", () => {
  /** Work in a worker whose loss does not return: rejects when that is given up. */
  function stuck() {
    let reject: (error: unknown) => void = () => {};
    const waits = new Promise<never>((_, no) => {
      reject = no;
    });
    const close = vi.fn((error: unknown) => reject(error));
    const core = { connection: { asked: { calls: 1, asking: true, longest: 0 }, close } } as unknown as Core;
    return { core, close, work: () => waits };
  }
  const timers = () => vi.getTimerCount();

  it("rejects with the reason of an abort when its worker has been given up, whenever the abort came", async () => {
    const { core, close, work } = stuck();
    const controller = new AbortController();
    const settled = expect(patiently(core, controller.signal, work)).rejects.toThrow("no more");
    controller.abort(new Error("no more")); // before anything was awaited
    await vi.advanceTimersByTimeAsync(2900);
    expect(close).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(500);
    await settled;
    expect(close).toHaveBeenCalledTimes(1);
    expect(timers()).toBe(0);
  });

  it("is watched on demand as well, and rejects then with what the worker's end is", async () => {
    const { core, work } = stuck();
    const settled = expect(
      patiently(core, undefined, (watch) => {
        setTimeout(watch, 10_000);
        return work();
      }),
    ).rejects.toMatchObject({ name: "WorkerError", message: /custom loss did not return/ });
    await vi.advanceTimersByTimeAsync(13_500);
    await settled;
    expect(timers()).toBe(0);
  });

  it("is not begun after an abort, and not watched after its end", async () => {
    const { core, close } = stuck();
    const begun = vi.fn();
    await expect(patiently(core, AbortSignal.abort(new Error("no more")), begun)).rejects.toThrow("no more");
    expect(begun).not.toHaveBeenCalled();
    const controller = new AbortController();
    let late: () => void = () => {};
    const work = async (watch: () => void) => {
      late = watch;
      return 1;
    };
    expect(await patiently(core, controller.signal, work)).toBe(1);
    controller.abort();
    late();
    expect(timers()).toBe(0);
    expect(close).not.toHaveBeenCalled();
  });

  it("that ends well or fails after an abort rejects with its reason", async () => {
    for (const outcome of [Promise.resolve(1), Promise.reject(new Error("another"))]) {
      const { core } = stuck();
      const controller = new AbortController();
      const work = async () => {
        controller.abort(new Error("no more"));
        return outcome;
      };
      await expect(patiently(core, controller.signal, work)).rejects.toThrow("no more");
      expect(timers()).toBe(0);
    }
  });
});
