/** What the worker runs: waits for the compiled kernel and a port, then answers calls on it. */
import * as comlink from "comlink";
import type { ErrorRecord } from "../errors.js";
import { judge } from "../kernel/guard.js";
import { load } from "../kernel/load.js";
import { answers } from "./host.js";
import { marks } from "./marks.js";
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
    const kernel = load(module);
    const lost = (dead: ErrorRecord) => notify({ dead });
    comlink.expose(answers({ kernel, lost, asked: marks(notify), transfer: comlink.transfer }), port);
    notify({ ready: true });
  } catch (thrown) {
    notify({ dead: judge(thrown).record });
  }
}

if (parent) {
  parent.once("message", (message) => start(message as Start));
} else {
  self.addEventListener("message", ({ data }: MessageEvent<Start>) => start(data), { once: true });
  // Browsers tell the caller of neither a rejection nor, in all cases, an error's text.
  self.addEventListener("unhandledrejection", ({ reason }: PromiseRejectionEvent) =>
    notify({ dead: judge(reason).record }),
  );
}
