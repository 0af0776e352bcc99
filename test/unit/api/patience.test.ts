/** How long a loss of the user's own is waited for, by a clock of the test's. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { watchLosses } from "../../../ts/api/patience.js";
import type { Connection } from "../../../ts/worker/connection.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A worker that says what the test has it say, and when it was given up. */
function worker() {
  const it: { asked?: { asking: boolean; longest: number }; lost?: number } = {};
  const say = (asking: boolean, longest = 0) => {
    it.asked = { asking, longest };
  };
  return { it, say };
}

function watch(...workers: ReturnType<typeof worker>[]) {
  const begun = performance.now();
  const connections = workers.map(({ it }) => it as unknown as Connection);
  return watchLosses(
    () => connections,
    (lost) => {
      (lost as unknown as { lost?: number }).lost ??= performance.now() - begun;
    },
  );
}

it("waits for a call as long as one may take, and no longer", () => {
  const one = worker();
  one.say(true);
  watch(one);
  vi.advanceTimersByTime(2900);
  expect(one.it.lost).toBeUndefined();
  vi.advanceTimersByTime(500);
  expect(one.it.lost).toBeGreaterThan(2900);
});

it("counts from the last that was heard", () => {
  const one = worker();
  one.say(true);
  watch(one);
  for (let i = 0; i < 20; i++) {
    vi.advanceTimersByTime(2500);
    one.say(true);
  }
  expect(one.it.lost).toBeUndefined();
  vi.advanceTimersByTime(3500);
  expect(one.it.lost).toBeGreaterThan(50_000);
});

it("waits for the kernel without an end", () => {
  const [none, kernel] = [worker(), worker()];
  kernel.say(false);
  watch(none, kernel);
  vi.advanceTimersByTime(3_600_000);
  expect([none.it.lost, kernel.it.lost]).toEqual([undefined, undefined]);
});

it("waits for a loss that is slow four times as long as it has taken, and a minute at most", () => {
  const [slow, slower] = [worker(), worker()];
  slow.say(true, 5000);
  slower.say(true, 1e6);
  watch(slow, slower);
  vi.advanceTimersByTime(100_000);
  expect(slow.it.lost).toBeGreaterThan(19_900);
  expect(slow.it.lost).toBeLessThan(20_500);
  expect(slower.it.lost).toBeGreaterThan(59_900);
  expect(slower.it.lost).toBeLessThan(60_500);
});

it("gives up those alone that do not return, and nobody once it is called off", () => {
  const [well, stuck, later] = [worker(), worker(), worker()];
  well.say(false);
  stuck.say(true);
  const forget = watch(well, stuck, later);
  vi.advanceTimersByTime(3500);
  later.say(true);
  forget();
  vi.advanceTimersByTime(60_000);
  expect([well.it.lost, later.it.lost]).toEqual([undefined, undefined]);
  expect(stuck.it.lost).toBeGreaterThan(0);
});

it("does not take a thread that was blocked for a worker that said nothing", () => {
  const one = worker();
  one.say(true);
  watch(one);
  vi.advanceTimersByTime(200);
  const real = performance.now;
  const offset = 60_000; // all at once, and what the worker said meanwhile comes after the look
  const spy = vi.spyOn(performance, "now").mockImplementation(() => real.call(performance) + offset);
  vi.advanceTimersByTime(100);
  expect(one.it.lost).toBeUndefined();
  one.say(true);
  vi.advanceTimersByTime(1000);
  expect(one.it.lost).toBeUndefined();
  spy.mockRestore();
});
