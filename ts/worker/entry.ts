/** What the worker runs: waits for the compiled kernel and a port, then answers calls on it. */
import * as comlink from "comlink";
import { toRecord } from "../errors.js";
import { load } from "../kernel/load.js";
import { Host } from "./host.js";
import type { Notice, Start } from "./protocol.js";
import { builtin } from "./threads.js";

// parentPort is set in worker_threads of Node, Deno and Bun; in a Web Worker there is none, and `self` takes its place.
const parent = builtin("node:worker_threads")?.parentPort;

function notify(notice: Notice): void {
  if (parent) parent.postMessage(notice);
  else (self as unknown as { postMessage(message: Notice): void }).postMessage(notice);
}

function start({ module, port }: Start): void {
  try {
    const host = new Host({
      kernel: load(module),
      lost: (dead) => notify({ dead }),
      transfer: comlink.transfer,
    });
    comlink.expose(host, port);
    notify({ ready: true });
  } catch (thrown) {
    notify({ dead: toRecord(thrown) });
  }
}

if (parent) {
  parent.once("message", (message) => start(message as Start));
} else {
  self.addEventListener("message", ({ data }: MessageEvent<Start>) => start(data), { once: true });
  // Browsers tell the caller of neither a rejection nor, in all cases, an error's text.
  self.addEventListener("unhandledrejection", ({ reason }: PromiseRejectionEvent) =>
    notify({ dead: toRecord(reason) }),
  );
}
