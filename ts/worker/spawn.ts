/**
 * The only file that knows runtimes. Two branches are enough: node:worker_threads is the same in Node, Deno and
 * Bun (a script as text, events, ref, exit), and everything else has a global Worker that takes a Blob URL.
 * `process.getBuiltinModule` is invisible to bundlers; an import of "node:worker_threads", even a dynamic one, breaks some.
 */
import { WorkerError } from "../errors.js";
import type { Notice, Start } from "./protocol.js";
import { builtin, type Threads } from "./threads.js";

export interface Spawned {
  start(message: Start): void;
  /** Whether the worker keeps the process alive. */
  hold(on: boolean): void;
  terminate(): void;
}

export interface Events {
  notice: (notice: Notice) => void;
  /** The worker is gone or out of order: a sentence about how. May come more than once. */
  death: (reason: string) => void;
}

/** As much of process.stderr as a progress bar needs. */
export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** @param worker the source of a script, or where one is. */
export function spawn(worker: string | URL, events: Events): Spawned {
  const Thread = builtin("node:worker_threads")?.Worker;
  if (Thread) return spawnThread(Thread, worker, events);
  if (!globalThis.Worker) throw new WorkerError("Node 20.16 or newer is needed");
  return spawnWeb(worker, events);
}

/** The standard error stream, where there is one. */
export function terminal(): Terminal | undefined {
  return (globalThis as { process?: { stderr?: Terminal } }).process?.stderr;
}

/** Node's fetch knows no file: URL. */
export async function readUrl(url: URL): Promise<BufferSource> {
  const files = url.protocol === "file:" ? builtin("node:fs/promises") : undefined;
  if (files) return new Uint8Array(await files.readFile(url));
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}

function spawnThread(Thread: NonNullable<Threads["Worker"]>, worker: string | URL, events: Events): Spawned {
  // A script starts 6 ms before the same text as a module in a data: URL. Without execArgv: [] the worker would inherit
  // --input-type and --import of the main thread, which refuse both.
  const source = typeof worker === "string" && { eval: true };
  const thread = new Thread(worker, { name: "retrograd", execArgv: [], ...source });
  thread.on("message", (notice) => events.notice(notice as Notice));
  thread.on("error", (error) => events.death(describe(error)));
  thread.on("messageerror", (error) => events.death(`a message could not be read: ${describe(error)}`));
  thread.on("exit", (code) => events.death(`the worker ended with exit code ${code}`));
  return {
    start: (message) => thread.postMessage(message, [message.port]),
    hold: (on) => (on ? thread.ref() : thread.unref()),
    terminate: () => void thread.terminate(),
  };
}

function spawnWeb(worker: string | URL, events: Events): Spawned {
  const url =
    typeof worker === "string" ? URL.createObjectURL(new Blob([worker], { type: "text/javascript" })) : undefined;
  const release = () => url && URL.revokeObjectURL(url);
  const web = start(url ?? worker);
  web.onmessage = ({ data }: MessageEvent<Notice>) => {
    release();
    events.notice(data);
  };
  web.onmessageerror = () => events.death("a message could not be read");
  web.onerror = (event) => {
    release();
    event.preventDefault();
    // Chromium and Firefox say nothing at all when a policy forbids the worker; the worker lives on after other errors.
    events.death(event.message || FORBIDDEN);
  };
  // Bun tells of the end of a global Worker, browsers do not.
  web.addEventListener("close", () => events.death("the worker ended"));
  const { ref, unref } = web as { ref?: () => void; unref?: () => void };
  return {
    start: (message) => web.postMessage(message, [message.port]),
    hold: (on) => (on ? ref : unref)?.call(web),
    terminate: () => {
      release();
      web.terminate();
    },
  };
}

const FORBIDDEN = "it did not start; a Content-Security-Policy must allow it: worker-src blob:";

/** WebKit throws where a policy forbids the worker. */
function start(url: string | URL): Worker {
  try {
    return new Worker(url, { type: "module", name: "retrograd" });
  } catch (cause) {
    throw new WorkerError(`the worker died: ${FORBIDDEN} (${cause})`, { cause });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
