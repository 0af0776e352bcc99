/**
 * The caller's side of one model in a worker. Every call settles: comlink alone would wait for ever when the worker dies,
 * so each one is also settled by the end of the connection.
 */
import * as comlink from "comlink";
import { fromRecord } from "../errors.js";
import { Line, type Place } from "./line.js";
import type { Asked, Calls, Settled } from "./protocol.js";

/** What a call takes beside the model's number. */
export type Rest<T> = T extends (id: number, ...rest: infer R) => unknown ? R : never;

export class Connection {
  readonly #line: Line;
  /** The model's number in the worker. */
  readonly #id: number;
  /** The rejections of all that waits. A set, not a race: a promise raced with for ever would collect every call. */
  readonly #waiting = new Set<(error: unknown) => void>();
  #end: { error: unknown } | undefined;

  /** For a model in a worker of its own. */
  static open(place: Place): Connection {
    return new Connection(new Line(place));
  }

  private constructor(line: Line) {
    this.#line = line;
    this.#id = line.join(this);
  }

  /** For another model in the same worker. */
  beside(): Connection {
    return new Connection(this.#line);
  }

  /** Why nothing more can be asked. */
  get end(): { readonly error: unknown } | undefined {
    return this.#end;
  }

  /** What the user's own losses in the worker are at, whichever model's; undefined when there have been none. */
  get asked(): Asked | undefined {
    return this.#line.asked;
  }

  /** Rejects with the typed error of the answer, or with a WorkerError when the worker dies. What `transfer` names is moved, not copied. */
  async call<K extends keyof Calls>(
    name: K,
    rest: Rest<Calls[K]>,
    transfer: Transferable[] = [],
  ): Promise<ReturnType<Calls[K]>> {
    const remote = this.#line.remote[name] as unknown as (...a: unknown[]) => Promise<Settled<ReturnType<Calls[K]>>>;
    // comlink moves what is noted for any one of the arguments that is an object.
    const carrier = (rest as unknown[]).find((a) => typeof a === "object" && a !== null);
    if (carrier) comlink.transfer(carrier, transfer);
    const answer = await this.settle(() => remote(this.#id, ...(rest as unknown[])));
    if (!answer.ok) throw fromRecord(answer.error);
    return answer.value;
  }

  /** Holds the process while the promise is pending, and rejects when the connection ends first. */
  settle<T>(begin: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#end) return reject(this.#end.error);
      this.#waiting.add(reject);
      this.#line.hold(1);
      const done = () => {
        if (this.#waiting.delete(reject)) this.#line.hold(-1);
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

  /**
   * What waits rejects with `error`. The worker ends at once, whatever it does, unless other models are left in it: then it
   * gives up whatever it does about this one. Again: nothing.
   * @param patience milliseconds after which a worker that has not done so is ended, with the others in it
   */
  close(error: unknown, patience?: number): void {
    if (this.#end) return;
    this.#end = { error };
    if (this.#line.leave(this)) {
      // Nobody waits for it, nor for its failure: a worker that dies has forgotten the model too.
      const gone = this.#line.remote.dispose(this.#id).catch(() => {});
      if (patience !== undefined) this.#line.endUnless(gone, patience, error);
    }
    this.#line.hold(-this.#waiting.size);
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}
