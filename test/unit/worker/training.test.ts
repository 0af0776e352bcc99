/** Runs by a clock of the test's: how long one of several workers does not listen, and how long a slice is. */
import { afterEach, expect, it, vi } from "vitest";
import { Board } from "../../../ts/worker/board.js";
import { answers } from "../../../ts/worker/host.js";
import type { RunEvent } from "../../../ts/worker/protocol.js";
import { start } from "./a-host.js";
import { fakeKernel } from "./fake-kernel.js";

const ports: MessagePort[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const port of ports.splice(0)) port.close();
});

const channel = () => {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  return [port1, port2] as const;
};
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

it("listens after 50 ms at most, however many others each update waits for", async () => {
  let clock = 0;
  let late = 0;
  let updates = 0;
  // The others' shares are there after so many milliseconds, or as soon as the worker has no more patience.
  vi.spyOn(Board.prototype, "has").mockImplementation(function (this: Board, update, milliseconds) {
    clock += Math.min(late, milliseconds);
    updates = update;
    this.slot(update).set([update - 1, 1 - update]);
    return true;
  });
  const lost: unknown[] = [];
  const host = answers({
    kernel: fakeKernel,
    lost: (record) => lost.push(record),
    transfer: (answer) => answer,
    now: () => clock,
  });
  host.create(1, "{}");
  const [order, port] = channel();
  const others = [channel(), channel()];
  const end = new Promise<RunEvent>((resolve) => {
    order.onmessage = ({ data }: MessageEvent<RunEvent>) =>
      data.kind === "end" ? resolve(data) : order.postMessage({ kind: "seen" });
  });
  const request = {
    resume: false,
    run: '{"steps":1e9}',
    data: bytes({}),
    parallel: { workers: 3, index: 0 },
    shared: true,
  };
  expect(
    host.run(
      1,
      request,
      port,
      others.map(([, peer]) => peer),
    ),
  ).toMatchObject({ ok: true });
  for (const [peer] of others) peer.postMessage(Board.make(2).memory);
  while (updates < 1000) await turn(); // slices are long by now

  late = 30;
  let longest = 0;
  for (let listened = clock; updates < 1100; listened = clock) {
    await turn();
    longest = Math.max(longest, clock - listened);
  }
  expect(longest).toBeGreaterThan(30);
  expect(longest).toBeLessThanOrEqual(50);
  order.postMessage({ kind: "stop", reason: "stopped" });
  expect(await end).toMatchObject({ outcome: { ok: true, value: { reason: "stopped" } } });
  expect(lost).toEqual([]);
});

it("has slices of the same time however many batches make an update", async () => {
  // Each batch takes a millisecond, and eight of them make an update.
  let clock = 0;
  let batches = 0;
  const slices: number[] = [];
  const fit: typeof fakeKernel.Session.fit = (...args) => {
    const session = fakeKernel.Session.fit(...args);
    const { run } = session;
    session.run = (units) => {
      slices.push(units);
      clock += units;
      const before = Math.floor(batches / 8);
      batches += units;
      return run.call(session, Math.floor(batches / 8) - before);
    };
    return session;
  };
  const host = answers({
    kernel: { ...fakeKernel, Session: { ...fakeKernel.Session, fit } },
    lost: () => {},
    transfer: (answer) => answer,
    now: () => clock,
  });
  host.create(1, "{}");
  const run = start(host, 1, { steps: 1e9 });
  await vi.waitFor(() => expect(slices.length).toBeGreaterThan(20));
  run.order({ kind: "stop", reason: "stopped" });
  expect(await run.end()).toMatchObject({ ok: true });
  expect(slices.slice(0, 5)).toEqual([1, 2, 4, 8, 9]);
  expect(new Set(slices.slice(5, 20))).toEqual(new Set([9]));
});
