/** One worker and the port to it, for one connection or for several: it ends with the last of them, or they with it. */
import * as comlink from "comlink";
import { fromRecord, WorkerError } from "../errors.js";
import { workerSource } from "./embedded.js";
import { readMarks } from "./marks.js";
import type { Asked, Calls, Notice, Settled } from "./protocol.js";
import { type Spawned, spawn } from "./spawn.js";

export interface Place {
  /** Compiled once for all workers of a model, and on its way while they start. */
  module: Promise<WebAssembly.Module>;
  worker?: URL | undefined;
}

/** Who uses a line. */
export interface Member {
  /** The worker is gone, and why. */
  close(error: unknown): void;
}

export type Remote = { [K in keyof Calls]: (...a: Parameters<Calls[K]>) => Promise<Settled<ReturnType<Calls[K]>>> };

/** Node's ports can be told not to keep the process alive. */
type HoldablePort = MessagePort & { ref?(): void; unref?(): void };

export class Line {
  readonly remote: comlink.Remote<Remote>;
  readonly #worker: Spawned;
  readonly #port: HoldablePort;
  readonly #members = new Set<Member>();
  /** Calls that wait, of all members. */
  #waiting = 0;
  #numbers = 0;
  #end: { error: unknown } | undefined;
  /** Where its worker marks what losses of the user's own are at; the last that it has told, where they share no memory. */
  #board: Int32Array | undefined;
  #told: Asked | undefined;
  readonly #closed = () => this.#die("its port closed");

  /** Calls may be made at once: they wait in the port until the worker listens. */
  constructor({ module, worker }: Place) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    try {
      this.#worker = spawn(worker ?? workerSource, {
        notice: (notice) => this.#heard(notice),
        death: (reason) => this.#die(reason),
      });
    } catch (error) {
      port1.close(); // and with it port2, which Node would keep for ever
      throw error;
    }
    this.remote = comlink.wrap<Remote>(port1);
    port1.addEventListener("close", this.#closed);
    module.then(
      (module) => this.#end ?? this.#worker.start({ module, port: port2 }),
      (error) => this.#close(error),
    );
    this.hold(0);
  }

  /** What the user's own losses in its worker are at; undefined when there have been none. */
  get asked(): Asked | undefined {
    return this.#board ? readMarks(this.#board) : this.#told;
  }

  #heard(notice: Notice): void {
    if ("dead" in notice) this.#close(fromRecord(notice.dead));
    else if ("board" in notice) this.#board = notice.board;
    else if ("asking" in notice) this.#told = notice;
  }

  /** Answers with a number that no other member has, or has had. */
  join(member: Member): number {
    this.#members.add(member);
    if (this.#end) member.close(this.#end.error);
    return ++this.#numbers;
  }

  /** Again: nothing. Answers whether others stay. */
  leave(member: Member): boolean {
    this.#members.delete(member);
    if (this.#members.size > 0) return true;
    this.#close(undefined);
    return false;
  }

  /** So many more calls wait: the process stays alive while there are any, and no longer. */
  hold(more: number): void {
    this.#waiting += more;
    const on = this.#waiting > 0;
    this.#worker.hold(on);
    if (on) this.#port.ref?.();
    else this.#port.unref?.();
  }

  /** Ends the worker at once, whatever it does. */
  #close(error: unknown): void {
    if (this.#end) return;
    this.#end = { error };
    this.#worker.terminate();
    // comlink's registry of finalizers holds the port until the proxy is collected. A listener that holds the proxy by
    // way of this object would hold both, and the dead worker, for ever.
    this.#port.removeEventListener("close", this.#closed);
    this.#port.close();
    const members = [...this.#members];
    this.#members.clear();
    for (const member of members) member.close(error);
  }

  /** Ends the worker, with all that is in it, unless it answers in so many milliseconds. */
  endUnless(answered: Promise<unknown>, milliseconds: number, error: unknown): void {
    const timer = setTimeout(() => this.#close(error), milliseconds);
    void answered.then(() => clearTimeout(timer));
  }

  #die(reason: string): void {
    this.#close(new WorkerError(`the worker died: ${reason}`));
  }
}
