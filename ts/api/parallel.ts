/**
 * More workers for one run: each holds a whole copy of the model and of the run and computes its share of every batch;
 * they exchange gradient sums among themselves. Only the first one, the model's own, records, validates and saves.
 * The others live as long as the run.
 */
import { WorkerError } from "../errors.js";
import { Connection } from "../worker/connection.js";
import type { Place } from "../worker/line.js";
import type { RunEvent } from "../worker/protocol.js";

export interface Follower {
  connection: Connection;
  port: MessagePort;
  /** The other end of its port, for the run in its worker. */
  inner: MessagePort;
}

export interface Ears {
  /** What the follower says. */
  heard: (event: RunEvent, follower: Follower) => void;
  /** Its worker died; told of its dismissal too. */
  lost: (error: unknown) => void;
}

/** Starts a worker. Throws where there can be none. */
export function recruit(place: Place, { heard, lost }: Ears): Follower {
  const connection = Connection.open(place);
  const { port1, port2 } = new MessageChannel();
  const follower = { connection, port: port1, inner: port2 };
  port1.onmessage = ({ data }: MessageEvent<RunEvent>) => heard(data, follower);
  port1.onmessageerror = () => lost(new WorkerError("a message from a worker could not be read"));
  (port1 as { unref?: () => void }).unref?.();
  // Settles with the worker's end alone: without it, the others would wait for its share for ever.
  connection.settle(() => new Promise<never>(() => {})).catch(lost);
  return follower;
}

export function dismiss(followers: readonly Follower[], error: unknown): void {
  for (const { connection, port } of followers) {
    port.close();
    connection.close(error);
  }
}

/** A channel between any two of `count` workers: for each one its ports to the others, in their order. */
export function mesh(count: number): MessagePort[][] {
  const ports: MessagePort[][] = Array.from({ length: count }, () => []);
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const { port1, port2 } = new MessageChannel();
      (ports[i] as MessagePort[])[j - 1] = port1;
      (ports[j] as MessagePort[])[i] = port2;
    }
  }
  return ports;
}
