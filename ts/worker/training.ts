/**
 * A run in the worker: asks the session for a slice of updates, tells what happened, lets messages in, and again.
 * The clock is looked at between slices, and between the updates of several workers, so that nothing but a limit in seconds
 * and the length of a slice depends on it.
 */
import { Refusal } from "../kernel/guard.js";
import { type Session, type SessionEnd, type SessionInfo, Status } from "../kernel/session.js";
import { type Exchange, openExchange } from "./exchange.js";
import { Ledger } from "./ledger.js";
import { owned } from "./owned.js";
import type { ModelInfo, RunEnd, RunEvent, RunOrder, RunRequest, Settled } from "./protocol.js";
import { type Breather, Slices } from "./slices.js";

type Reason = RunEnd["reason"];

/**
 * Milliseconds after which one of several workers begins no update and waits for nobody before it has listened: it may be
 * told that nobody will come.
 */
const PATIENCE = 50;

export interface TrainingOptions {
  session: Session;
  port: MessagePort;
  /** A port to each other worker of a parallel run. */
  peers: readonly MessagePort[];
  /** This worker's place in a parallel run. Those after the first have no clock of their own, and end with the updates asked for or when they are dismissed. */
  index: number;
  /** Whether the workers meet in shared memory. */
  shared: boolean;
  /** The model as it is now: scalers, vocabulary and labels are fitted when a run opens. */
  model: () => ModelInfo;
  checkpointEvery: RunRequest["checkpointEvery"] | undefined;
  breather: Breather;
  /** Makes a thrown value into an answer, and the worker's end of a trap. */
  failed: (thrown: unknown) => Settled<never>;
  /** Throws what went wrong inside a call into the kernel that could not say so. */
  check: () => void;
  /** Whether the instance is lost: then nothing more is done or told. */
  dead: () => boolean;
  /** Milliseconds. */
  now: () => number;
}

export class Training {
  readonly #o: TrainingOptions;
  readonly #now: () => number;
  readonly #slices: Slices;
  readonly #ledger: Ledger;
  readonly #start: number;
  readonly #seconds: number;
  #pausedFor = 0;
  #pausedAt = 0;
  #step: number;
  #nextCheckpoint: number;
  /** The number of the pause that goes on; 0: none. */
  #paused = 0;
  /** It waits, and no update is under way. */
  #resting = false;
  /** The session's handle is gone. */
  #finished = false;
  /** Why nothing can be waited for. */
  #abandoned: string | undefined;
  #disposed = false;
  #ending: Reason | undefined;
  #batch: Uint8Array | undefined;
  /** A checkpoint is with the caller. */
  #keeping = false;
  /** Records are with the caller, who has not said yet that they were seen. */
  #showing = false;
  readonly #exchange: Exchange;
  /** When messages last had their turn. */
  #listened: number;
  /** Wakes the loop where it waits for an order. */
  #wake: (() => void) | undefined;

  constructor(options: TrainingOptions) {
    this.#o = options;
    this.#now = options.now;
    const { session, index, peers, shared } = options;
    const info: SessionInfo = JSON.parse(session.info());
    this.#slices = new Slices(peers.length ? 20 : 9); // where one listens, the others wait
    this.#step = info.step;
    this.#nextCheckpoint = this.#step + (options.checkpointEvery ?? Number.POSITIVE_INFINITY);
    this.#ledger = new Ledger(info.metrics, info.recordEvery);
    this.#seconds = (!index && info.seconds) || Number.POSITIVE_INFINITY;
    this.#start = this.#now();
    this.#listened = this.#start;
    const breathe = () => options.breather.breathe();
    const again = () => this.#rouse();
    const broken = () => this.#abandon("a message could not be read");
    this.#exchange = openExchange({ session, index, peers, shared, now: this.#now, breathe, again, broken });
    options.port.onmessage = (event: MessageEvent<RunOrder>) => this.#obey(event.data);
    options.port.onmessageerror = broken;
    this.#tell({ kind: "open", info, model: options.model() });
  }

  /** Ends at its next turn, with nothing more to tell: the model is gone. */
  dispose(): void {
    this.#disposed = true;
    this.#abandon("the model is disposed of");
  }

  /** The state to save while the run goes on; called between slices. */
  save(): Uint8Array {
    return this.#o.session.save();
  }

  /**
   * Runs to the end, which the caller is told; never rejects.
   * @param ended called before that, so that the caller finds the model free.
   */
  async run(ended: () => void): Promise<void> {
    let outcome: Settled<RunEnd>;
    try {
      outcome = { ok: true, value: await this.#loop() };
    } catch (thrown) {
      outcome = this.#o.failed(thrown);
    }
    ended();
    try {
      if (!this.#finished) this.#o.session.free();
      if (!this.#disposed) this.#tell({ kind: "end", outcome, model: this.#o.model() });
    } catch (thrown) {
      // The instance is lost: `failed` has told so through the worker's own port.
      this.#o.failed(thrown);
    }
    this.#o.port.close();
    for (const peer of this.#o.peers) peer.close();
  }

  async #loop(): Promise<RunEnd> {
    const { session } = this.#o;
    for (;;) {
      await this.#whilePaused();
      if (this.#elapsed() >= this.#seconds) this.#ending ??= "seconds";
      if (this.#ending) session.stop();
      const status = this.#slice();
      await this.#report();
      if (status === Status.done || status === Status.diverged) break;
      // Before a checkpoint: it then knows whether the batch before was the last of its pass.
      if (status === Status.needsBatch) await this.#supply();
      if (this.#step >= this.#nextCheckpoint) await this.#checkpoint();
      // A stop waits for this update's end: the others are on their way with their share.
      if (status === Status.needsGradients) await this.#until(() => this.#exchange.meet(this.#deadline));
      else if (status !== Status.needsBatch) await this.#breathe();
    }
    await this.#rest(() => !this.#keeping);
    this.#finished = true;
    const end: SessionEnd = JSON.parse(session.finish()); // throws when the run diverged
    // The session knows no clock and no source; only a stop can have been ours.
    const reason = end.reason === "stopped" ? (this.#ending ?? end.reason) : end.reason;
    return { ...end, reason, steps: this.#ledger.history() };
  }

  /** Some units of work; less than was meant where other workers let it wait. */
  #slice(): number {
    const { session } = this.#o;
    const begun = this.#now();
    const meant = this.#slices.units;
    let done = 0;
    let status: number;
    let met: boolean;
    do {
      // A unit makes one update at most.
      const units = Math.min(meant - done, this.#nextCheckpoint - this.#step);
      status = session.run(units);
      this.#o.check(); // before others hear of it: they would only see that something is no number
      this.#step = session.step();
      // Late or not: the others wait for this worker's share.
      met = status === Status.needsGradients && this.#exchange.meet(this.#deadline);
      // Where the workers meet, one call computes one batch; what ends a slice otherwise tells nothing of its length.
      done += status === Status.running ? units : Number(met);
    } while (met && done < meant && this.#now() < this.#deadline);
    this.#slices.measured(done, this.#now() - begun);
    return met ? Status.running : status;
  }

  /**
   * The records of a slice, once the caller has seen those of the one before. An update may take less time than to show it: the
   * messages would pile up, and Node handles all that a port has before it looks at a timer. Of several workers the first tells.
   */
  async #report(): Promise<void> {
    if (this.#showing) await this.#await(() => !this.#showing);
    const rows = this.#o.session.records();
    if (this.#o.index) return;
    const records = this.#ledger.take(rows, this.#now());
    if (!records.length) return;
    this.#showing = true;
    this.#tell({ kind: "records", records, elapsed: this.#elapsed() });
  }

  get #deadline(): number {
    return this.#listened + PATIENCE;
  }

  async #whilePaused(): Promise<void> {
    if (this.#paused) await this.#rest(() => !this.#paused || this.#ending !== undefined);
  }

  /** A limit in seconds holds while the caller is waited for too. */
  async #await(condition: () => boolean): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      const left = this.#seconds - this.#elapsed();
      if (left <= 0) {
        this.#ending ??= "seconds";
        this.#rouse();
      } else if (left < Number.POSITIVE_INFINITY) {
        timer = setTimeout(look, Math.min(Math.ceil(1000 * left), 1000)); // a pause may come in between
      }
    };
    look();
    try {
      await this.#rest(() => condition() || this.#ending !== undefined);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends the state to the caller. One at a time: a slow disk slows the run, and no queue of files fills the memory. */
  async #checkpoint(): Promise<void> {
    await this.#await(() => !this.#keeping);
    if (this.#ending) {
      this.#nextCheckpoint = Number.POSITIVE_INFINITY;
      return;
    }
    this.#nextCheckpoint = this.#step + (this.#o.checkpointEvery as number);
    const file = owned(this.#o.session.save());
    this.#keeping = true;
    this.#tell({ kind: "checkpoint", file }, [file.buffer]);
  }

  /** Asks for the next batch. Time spent waiting counts: it is part of what the run takes. */
  async #supply(): Promise<void> {
    this.#tell({ kind: "wanted" });
    await this.#await(() => this.#batch !== undefined);
    if (!this.#batch) return;
    this.#o.session.supply(this.#batch);
    this.#batch = undefined;
  }

  #obey(order: RunOrder): void {
    if (this.#o.dead()) return;
    if (order.kind === "pause") {
      if (!this.#paused) this.#pausedAt = this.#now();
      this.#paused = order.number;
      this.#tellPaused();
    } else if (order.kind === "resume") {
      this.#pausedFor = this.#pauses();
      this.#paused = 0;
    } else if (order.kind === "stop") this.#ending ??= order.reason;
    else if (order.kind === "batch") this.#batch = order.bundle;
    else if (order.kind === "abandon") this.#abandoned ??= "a worker died";
    else if (order.kind === "seen") this.#showing = false;
    else this.#keeping = false;
    this.#rouse();
  }

  #abandon(why: string): void {
    this.#abandoned ??= why;
    this.#rouse();
  }

  #rouse(): void {
    if (!this.#o.dead()) this.#wake?.();
  }

  /** Waits where a pause is there at once. */
  async #rest(condition: () => boolean): Promise<void> {
    this.#resting = true;
    this.#tellPaused();
    await this.#until(condition);
    this.#resting = false;
  }

  #tellPaused(): void {
    if (this.#paused && this.#resting) this.#tell({ kind: "paused", number: this.#paused });
  }

  async #breathe(): Promise<void> {
    await this.#o.breather.breathe();
    this.#listened = this.#now();
    this.#unlessAbandoned();
  }

  #unlessAbandoned(): void {
    if (!this.#abandoned) return;
    throw new Refusal({ class: "WorkerError", code: "workerDied", message: this.#abandoned });
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#unlessAbandoned();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#listened = this.#now();
    }
    this.#wake = undefined;
  }

  /** Seconds, pauses not counted. */
  #elapsed(): number {
    return (this.#now() - this.#start - this.#pauses()) / 1000;
  }

  /** Milliseconds. */
  #pauses(): number {
    return this.#pausedFor + (this.#paused ? this.#now() - this.#pausedAt : 0);
  }

  #tell(event: RunEvent, transfer: Transferable[] = []): void {
    this.#o.port.postMessage(event, transfer);
  }
}
