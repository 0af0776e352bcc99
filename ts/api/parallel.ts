/**
 * More workers for one run: each holds a whole copy of the model and of the run and computes its share of every batch;
 * they exchange gradient sums among themselves. Only the first one, the model's own, records, validates and saves.
 * The others live as long as the run.
 */
import { Connection } from "../worker/connection.js";
import type { Place } from "../worker/line.js";
import type { Bytes, RunEvent, RunOrder, RunRequest } from "../worker/protocol.js";
import { type Payload, upload } from "./upload.js";

export interface Follower {
  connection: Connection;
  port: MessagePort;
}

export interface Team {
  /** The first worker's ports to the others. */
  peers: MessagePort[];
  followers: Follower[];
}

export interface TeamOptions {
  workers: number;
  place: Place;
  /** The model as saved. */
  file: Bytes;
  request: Omit<RunRequest, "data" | "validation">;
  payloads: readonly Payload[];
  /** What a follower says; its place among the workers, from 1. */
  heard: (event: RunEvent, follower: Follower, index: number) => void;
  /** A follower's worker died; told of its dismissal too. */
  lost: (error: unknown) => void;
}

/** Opens all workers but the first, with the run under way in each as far as it gets without the first. */
export async function assemble({ workers, place, file, request, payloads, heard, lost }: TeamOptions): Promise<Team> {
  const ports = mesh(workers);
  const followers: Follower[] = [];
  try {
    await Promise.all(
      ports.slice(1).map(async (peers, i) => {
        const index = i + 1;
        const connection = Connection.open(place);
        const { port1, port2 } = new MessageChannel();
        const follower = { connection, port: port1 };
        followers.push(follower);
        port1.onmessage = ({ data }: MessageEvent<RunEvent>) => heard(data, follower, index);
        (port1 as { unref?: () => void }).unref?.();
        // Settles with the worker's end alone: without it, the others would wait for its share for ever.
        connection.settle(() => new Promise<never>(() => {})).catch(lost);
        await connection.call("load", [file]);
        // Data that are there as a whole are copied: the first worker has the original.
        await upload(connection, payloads, ([data, validation]) => {
          const own = {
            ...request,
            parallel: { workers, index },
            data: data!,
            ...(validation !== undefined && { validation }),
          };
          return connection.call("run", [own, port2, peers], [port2, ...peers]);
        });
      }),
    );
  } catch (error) {
    dismiss(followers, error);
    throw error;
  }
  return { peers: ports[0] ?? [], followers };
}

export function order(follower: Follower, message: RunOrder): void {
  follower.port.postMessage(message);
}

export function dismiss(followers: readonly Follower[], error: unknown): void {
  for (const { connection, port } of followers) {
    port.close();
    connection.close(error);
  }
}

/** A channel between any two of `count` workers: for each one its ports to the others, in their order. */
function mesh(count: number): MessagePort[][] {
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
