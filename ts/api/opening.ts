/**
 * How a run opens: its data go to each of its workers, the model's own last, which has the run under way in the others as far as
 * it gets without the first. What fails or is interrupted leaves no port open; the workers are the caller's to dismiss.
 */
import type { ModelInfo, Placed, RunRequest } from "../worker/protocol.js";
import { sharesMemory } from "../worker/shared.js";
import { hinted } from "./controls.js";
import type { Core } from "./core.js";
import { type Follower, mesh } from "./parallel.js";
import { type Payload, upload } from "./upload.js";

/** What is asked of a worker, but for the data. */
type Request = Omit<RunRequest, "data" | "validation">;

export interface Opening {
  core: Core;
  request: Omit<Request, "checkpointEvery">;
  /** The data, and those of the validation if there are any. */
  payloads: readonly Payload[];
  checkpointEvery: number | undefined;
  /** The run's end of the port to the first worker. */
  port: MessagePort;
  /** Starts worker `index`, from 1. */
  recruit: (index: number) => Follower;
  /** Heeded between pieces of the data, until all are there. */
  signal: AbortSignal;
}

/** Throws what the signal says, what reading the data throws, and the kernel's refusal. */
export async function open(opening: Opening): Promise<ModelInfo> {
  const { core, payloads, signal, port, checkpointEvery } = opening;
  const { workers } = core;
  const ports = mesh(workers ?? 1);
  try {
    const request: Request = { ...opening.request };
    if (workers !== undefined) request.parallel = { workers, index: 0 };
    if (ports.length > 1) {
      request.shared = sharesMemory();
      await openFollowers(opening, request, ports);
    }
    if (checkpointEvery !== undefined) request.checkpointEvery = checkpointEvery;
    const peers = ports[0] as MessagePort[];
    const send = (placed: Placed[], buffers: ArrayBuffer[]) =>
      core.connection.call("run", [placedIn(request, placed), port, peers], [...buffers, port, ...peers]);
    return await upload(core.connection, payloads, send, signal);
  } catch (error) {
    // Node keeps an open one for ever; for one that was transferred this does nothing.
    for (const port of ports.flat()) port.close();
    throw hinted(error);
  }
}

async function openFollowers(opening: Opening, first: Request, ports: readonly MessagePort[][]): Promise<void> {
  const { core, payloads, signal, recruit } = opening;
  const workers = ports.length;
  const file = await core.connection.call("save", [first.resume]);
  signal.throwIfAborted();
  await Promise.all(
    ports.slice(1).map(async (peers, i) => {
      const index = i + 1;
      const { connection, inner } = recruit(index);
      const request = { ...first, parallel: { workers, index } };
      await connection.call("load", [file]);
      signal.throwIfAborted();
      // Data that are there as a whole are copied: the first worker has the original.
      const send = (placed: Placed[]) =>
        connection.call("run", [placedIn(request, placed), inner, peers], [inner, ...peers]);
      await upload(connection, payloads, send, signal);
    }),
  );
}

function placedIn(request: Request, [data, validation]: Placed[]): RunRequest {
  return { ...request, data: data!, ...(validation !== undefined && { validation }) };
}
