/** A host with a kernel of a few lines, and what a test asks it: calls, runs, learners. Ports are closed after each test. */
import { afterEach } from "vitest";
import { listenForPanics } from "../../../ts/kernel/guard.js";
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
import { type FakeRun, fakeKernel } from "./fake-kernel.js";

export const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

export const bytes = (value: unknown): Bytes => new TextEncoder().encode(JSON.stringify(value));
export const json = (b: Uint8Array) => JSON.parse(new TextDecoder().decode(b));

export function makeHost(now?: () => number) {
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

export function value<T>(answer: Settled<T>): T {
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value;
}

export function made(host: Answers, id = 1): number {
  value(host.create(id, "{}"));
  return id;
}

/** Starts a run and listens to it. */
export function start(
  host: Answers,
  id: number,
  run: FakeRun,
  more: Partial<RunRequest> = {},
  peers: MessagePort[] = [],
  /** Whether records are said to have been seen. */
  seeing = true,
) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  const events: RunEvent[] = [];
  const order = (o: RunOrder) => port1.postMessage(o);
  let wake = () => {};
  port1.onmessage = ({ data }: MessageEvent<RunEvent>) => {
    events.push(data);
    if (data.kind === "wanted") order({ kind: "batch", bundle: bytes({}) });
    if (data.kind === "checkpoint") order({ kind: "kept" });
    if (data.kind === "records" && seeing) order({ kind: "seen" });
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

export const records = (events: RunEvent[]) => events.flatMap((e) => (e.kind === "records" ? e.records : []));

/** Opens a learner; `ask` answers in order. */
export function learn(host: Answers, id: number) {
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
export function slow(): () => number {
  let clock = 0;
  return () => (clock += 10);
}

export const later = () => new Promise((resolve) => setTimeout(resolve, 20));
