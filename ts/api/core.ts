/** What model, run, trainer, learner and generation share on the caller's side: the worker, the model's number in it, and who is busy. */
import { type Encoding, encodingOf } from "../data/encoding.js";
import { BusyError, DisposedError } from "../errors.js";
import { Connection, type Rest } from "../worker/connection.js";
import type { Place } from "../worker/line.js";
import type { Calls, ModelInfo } from "../worker/protocol.js";
import { compile } from "../worker/wasm.js";
import type { ModelDescription } from "./description.gen.js";
import type { Runtime } from "./types.js";

/** Where a model lives: in a worker of its own, or beside another one. */
type Home = Pick<Core, "connection" | "place" | "workers">;

export type CoreRuntime = Omit<Runtime, "beside"> & { beside?: Core | undefined };

export class Core {
  readonly connection: Connection;
  readonly place: Place;
  /** Given by the user: the batch is shared among so many. */
  readonly workers: number | undefined;
  #info: ModelInfo;
  #description: ModelDescription | undefined;
  #encoding: Encoding | undefined;
  #opening: Promise<unknown> | undefined;
  #occupied: string | undefined;

  static async open(
    { beside, ...runtime }: CoreRuntime,
    open: (connection: Connection) => Promise<ModelInfo>,
  ): Promise<Core> {
    const { signal } = runtime;
    signal?.throwIfAborted();
    const home = beside ? beside.#neighbour() : ownHome(runtime);
    const { connection } = home;
    const abort = () => connection.close(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return new Core(home, await open(connection));
    } catch (error) {
      connection.close(error);
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  private constructor({ connection, place, workers }: Home, info: ModelInfo) {
    this.connection = connection;
    this.place = place;
    this.workers = workers;
    this.#info = info;
  }

  /** For one more model in the same worker. */
  #neighbour(): Home {
    return { connection: this.connection.beside(), place: this.place, workers: this.workers };
  }

  /** With defaults, sizes and vocabulary filled in; a copy of its own, frozen. */
  get description(): ModelDescription {
    this.#description ??= frozen(JSON.parse(this.#info.description) as ModelDescription);
    return this.#description;
  }

  /** What the description says about data; made once for each description. */
  get encoding(): Encoding {
    this.#encoding ??= encodingOf(JSON.parse(this.#info.description));
    return this.#encoding;
  }

  get info(): ModelInfo {
    return this.#info;
  }

  update(info: ModelInfo): void {
    if (info.description !== this.#info.description) {
      this.#description = undefined;
      this.#encoding = undefined;
    }
    this.#info = info;
  }

  /** A call about this model, after a run that was begun before it has opened. */
  async call<K extends keyof Calls>(
    name: K,
    rest: Rest<Calls[K]>,
    transfer?: Transferable[],
  ): Promise<ReturnType<Calls[K]>> {
    if (this.#opening) await this.#opening;
    return this.connection.call(name, rest, transfer);
  }

  /** A run on its way to being open, which may fix the vocabulary: what is asked after it was begun comes after that. Never rejects. */
  get opening(): Promise<unknown> | undefined {
    return this.#opening;
  }

  /** Lets others wait for a run's opening, whether it succeeds or fails. */
  whileOpening(opening: Promise<unknown>): void {
    const settled = opening
      .catch(() => {})
      .then(() => {
        if (this.#opening === settled) this.#opening = undefined;
      });
    this.#opening = settled;
  }

  /** Marks the weights as owned; the answer frees them. Throws BusyError when they are. */
  occupy(what: string): () => void {
    if (this.#occupied) throw new BusyError(`${what}: ${this.#occupied} is going on; await it or stop it first`);
    this.#occupied = what;
    return () => {
      this.#occupied = undefined;
    };
  }

  get disposed(): boolean {
    return this.connection.end?.error instanceof DisposedError;
  }

  dispose(): void {
    this.connection.close(new DisposedError("the model has been disposed of"));
  }
}

function ownHome({ workers, worker, wasm }: Runtime): Home {
  // Node takes 25 ms to start a worker: it is first, and what is compiled while it does so is next.
  const module = Promise.resolve().then(() => compile(wasm));
  module.catch(() => {}); // told by the connection; should a policy forbid even that, by its own error alone
  const place = { worker, module };
  return { connection: Connection.open(place), place, workers };
}

/** The work's result, or the signal's reason as soon as it is aborted. */
export function unlessAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    const over = () => signal?.removeEventListener("abort", abort);
    work().then(resolve, reject).finally(over);
  });
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}
