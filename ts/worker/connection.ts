/**
 * The caller's side of one worker. Every call settles: comlink alone would wait for ever when the worker dies, so each
 * one is also settled by the worker's end. The process stays alive while something is awaited, and no longer.
 */
import * as comlink from "comlink";
import { fromRecord, WorkerError } from "../errors.js";
import { workerSource } from "./embedded.js";
import type { Calls, Settled } from "./protocol.js";
import { type Spawned, spawn } from "./spawn.js";

export interface Place {
  /** Compiled once for all workers of a model, and on its way while they start. */
  module: Promise<WebAssembly.Module>;
  worker?: URL | undefined;
}

type Remote = { [K in keyof Calls]: (...a: Parameters<Calls[K]>) => Promise<Settled<ReturnType<Calls[K]>>> };

/** Node's ports can be told not to keep the process alive. */
type HoldablePort = MessagePort & { ref?(): void; unref?(): void };

export class Connection {
  readonly #worker: Spawned;
  readonly #port: HoldablePort;
  readonly #remote: comlink.Remote<Remote>;
  /** The rejections of all that waits. A set, not a race: a promise raced with for ever would collect every call. */
  readonly #waiting = new Set<(error: unknown) => void>();
  #end: { error: unknown } | undefined;
  readonly #closed = () => this.#die("its port closed");

  /** Calls may be made at once: they wait in the port until the worker listens. */
  constructor({ module, worker }: Place) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = spawn(worker ?? workerSource, {
      notice: (notice) => "dead" in notice && this.close(fromRecord(notice.dead)),
      death: (reason) => this.#die(reason),
    });
    this.#remote = comlink.wrap<Remote>(port1);
    port1.addEventListener("close", this.#closed);
    module.then(
      (module) => this.#end ?? this.#worker.start({ module, port: port2 }),
      (error) => this.close(error),
    );
    this.#hold();
  }

  /** Rejects with the typed error of the answer, or with a WorkerError when the worker dies. */
  async call<K extends keyof Calls>(
    name: K,
    args: Parameters<Calls[K]>,
    transfer: Transferable[] = [],
  ): Promise<ReturnType<Calls[K]>> {
    const remote = this.#remote[name] as unknown as (...a: unknown[]) => Promise<Settled<ReturnType<Calls[K]>>>;
    // comlink moves what is noted for any one of the arguments that is an object.
    const carrier = (args as unknown[]).find((a) => typeof a === "object" && a !== null);
    if (carrier) comlink.transfer(carrier, transfer);
    const answer = await this.settle(() => remote(...args));
    if (!answer.ok) throw fromRecord(answer.error);
    return answer.value;
  }

  /** Holds the process while the promise is pending, and rejects when the worker ends first. */
  settle<T>(begin: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#end) return reject(this.#end.error);
      this.#waiting.add(reject);
      this.#hold();
      const done = () => {
        this.#waiting.delete(reject);
        this.#hold();
      };
      begin().then(
        (value) => {
          done();
          resolve(value);
        },
        (error) => {
          done();
          reject(error);
        },
      );
    });
  }

  /** Ends the worker at once, whatever it does; what waits rejects with `error`. Again: nothing. */
  close(error: unknown): void {
    if (this.#end) return;
    this.#end = { error };
    this.#worker.terminate();
    // comlink's registry of finalizers holds the port until the proxy is collected. A listener that holds the proxy by
    // way of this object would hold both, and the dead worker, for ever.
    this.#port.removeEventListener("close", this.#closed);
    this.#port.close();
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
    this.#hold();
  }

  #die(reason: string): void {
    this.close(new WorkerError(`the worker died: ${reason}`));
  }

  #hold(): void {
    const on = this.#waiting.size > 0;
    this.#worker.hold(on);
    if (on) this.#port.ref?.();
    else this.#port.unref?.();
  }
}
