/**
 * How the workers of a run give each other their shares of an update: through shared memory where there is any, else by
 * messages on the ports between them. The kernel adds shares in the order of the shards, so that it does not matter which
 * comes first, or how. No worker can be ahead of another by more than the one update that it has a part of.
 */
import { Refusal } from "../kernel/guard.js";
import type { Session } from "../kernel/session.js";
import { Board } from "./board.js";

export interface Exchange {
  /**
   * After `needsGradients`: gives this worker's share, once an update, and takes what has come of the others'. Whether all
   * are in; if not, it is to be called again when `again` is.
   * @param deadline by `now`: until then it may block.
   */
  meet(deadline: number): boolean;
}

export interface ExchangeOptions {
  session: Pick<Session, "shareLength" | "give" | "take">;
  /** This worker's place, and a port to each of the others, in their order. */
  index: number;
  peers: readonly MessagePort[];
  /** Whether all of them have SharedArrayBuffer. */
  shared: boolean;
  again: () => void;
  /** A peer has said something that cannot be read: its share will never come. */
  broken: () => void;
  /** Milliseconds. */
  now: () => number;
  /** Lets waiting messages in. */
  breathe: () => Promise<void>;
}

/** Throws a Refusal, a MemoryError, when there is no room for the shares. */
export function openExchange(options: ExchangeOptions): Exchange {
  for (const peer of options.peers) peer.onmessageerror = options.broken;
  return options.shared ? new Shared(options) : new Posted(options);
}

/** The worker behind a port: there is none to the worker itself. */
const behind = (port: number, index: number) => (port < index ? port : port + 1);

/** What the engine throws for memory that is not to be had, in most of them a RangeError, would be taken for a trap. */
function reserved<T>(bytes: number, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const message = `an update's share needs ${bytes} bytes, which are not to be had (${cause})`;
    const record = { class: "MemoryError", code: "outOfMemory", message, bytes };
    throw new Refusal(record);
  }
}

class Posted implements Exchange {
  readonly #o: ExchangeOptions;
  readonly #own: Float32Array<ArrayBuffer>;
  /** What each peer has sent and this worker has not used yet. */
  readonly #come: Float32Array[][];
  #given = false;

  constructor(options: ExchangeOptions) {
    const { session, index, peers, again } = options;
    this.#o = options;
    const length = peers.length && session.shareLength(index);
    this.#own = reserved(4 * length, () => new Float32Array(length));
    this.#come = peers.map((peer) => {
      const queue: Float32Array[] = [];
      peer.onmessage = ({ data }: MessageEvent<Float32Array>) => {
        queue.push(data);
        again();
      };
      return queue;
    });
  }

  meet(): boolean {
    const { session, index, peers } = this.#o;
    if (!this.#given) {
      session.give(this.#own);
      for (const peer of peers) peer.postMessage(this.#own);
      this.#given = true;
    }
    if (this.#come.some((queue) => queue.length === 0)) return false;
    for (const [port, queue] of this.#come.entries()) session.take(behind(port, index), queue.shift() as Float32Array);
    this.#given = false;
    return true;
  }
}

class Shared implements Exchange {
  readonly #o: ExchangeOptions;
  readonly #own: Board;
  readonly #others: (Board | undefined)[];
  /** From 1, whatever update of the run that is. */
  #update = 1;
  #given = false;
  /** How many of the others' shares are taken. */
  #taken = 0;
  #breathing = false;

  constructor(options: ExchangeOptions) {
    const { session, index, peers, again } = options;
    this.#o = options;
    const length = session.shareLength(index);
    this.#own = reserved(Board.bytes(length), () => Board.make(length));
    this.#others = peers.map(() => undefined);
    for (const [port, peer] of peers.entries()) {
      peer.onmessage = ({ data }: MessageEvent<SharedArrayBuffer>) => {
        this.#others[port] = new Board(data);
        again();
      };
      peer.postMessage(this.#own.memory);
    }
  }

  meet(deadline: number): boolean {
    const { session, index, now } = this.#o;
    const update = this.#update;
    if (!this.#given) {
      session.give(this.#own.slot(update));
      this.#own.publish(update);
      this.#given = true;
    }
    while (this.#taken < this.#others.length) {
      const other = this.#others[this.#taken];
      if (!other || this.#breathing) return false;
      if (!other.has(update, Math.max(0, deadline - now()))) {
        this.#breathe();
        return false;
      }
      session.take(behind(this.#taken, index), other.slot(update));
      this.#taken++;
    }
    this.#update = (update + 1) | 0;
    this.#given = false;
    this.#taken = 0;
    return true;
  }

  #breathe(): void {
    this.#breathing = true;
    void this.#o.breathe().then(() => {
      this.#breathing = false;
      this.#o.again();
    });
  }
}
