/** One run, from encoding its data to its history: talks with the worker over the run's own port. */

import type { BatchSource } from "../data/values.js";
import { fromRecord, WorkerError } from "../errors.js";
import type { Bytes, RunEnd, RunEvent, RunOrder, SessionInfo } from "../worker/protocol.js";
import { Batches, type Pulled, Shared } from "./batches.js";
import type { Core } from "./core.js";
import { Log } from "./log.js";
import { type Opening, open } from "./opening.js";
import { dismiss, type Follower, recruit } from "./parallel.js";
import { giveUp, watchLosses } from "./patience.js";
import { ProgressReader } from "./progress.js";
import type { History, Progress, RunControls } from "./types.js";

export interface Prepared extends Pick<Opening, "request" | "payloads"> {
  /** Where batches come from one by one. */
  source: BatchSource | undefined;
  /** A batch, or the end of a pass, as a bundle. */
  encode: (pulled: Pulled) => Bytes;
}

export interface Parsed {
  controls: RunControls;
  /** Encodes the data; finds out a vocabulary that is open. */
  prepare: () => Promise<Prepared>;
}

export interface DriverOptions {
  core: Core;
  what: "fit" | "resume";
  /** Looks at the options; what it throws is the run's failure. */
  parse: () => Parsed;
  onProgress: (p: Progress) => void;
}

export class Driver {
  readonly epochs: Progress[] = [];
  readonly #o: Omit<DriverOptions, "parse">;
  /** Both hold the user's data, and are let go of when the worker has them. */
  #parse: DriverOptions["parse"] | undefined;
  #prepare: Parsed["prepare"] | undefined;
  readonly #channel = new MessageChannel();
  #controls: RunControls = {};
  #log: Log | undefined;
  #reader: ProgressReader | undefined;
  #batches: Batches | undefined;
  /** Set when the first worker has said how many batches are used; others may ask before that. */
  #pulled: Promise<Shared<Pulled>>;
  #opened: (pulled: Shared<Pulled>) => void = () => {};
  #batchwise: Pick<Prepared, "source" | "encode"> | undefined;
  /** Interrupts the opening: by the user's signal, by what makes the run fail, by its end. */
  readonly #opening = new AbortController();
  readonly #followers: Follower[] = [];
  #warnings: string[] = [];
  /** What the user's own code threw; it comes before whatever the run has to say. */
  #failure: { error: unknown } | undefined;
  #paused: (() => void)[] = [];
  /** How many were asked for: an answer to an earlier one is none to the last. */
  #pauses = 0;
  #over = false;
  #ended: (outcome: { end: RunEnd } | { error: unknown }) => void = () => {};
  /** What ended the run before its time, but for a stop. */
  #interrupted: { error: unknown } | undefined;
  /** Calls off the watch over losses that do not return. */
  #forget: (() => void) | undefined;

  constructor(options: DriverOptions) {
    const { parse, ...rest } = options;
    this.#o = rest;
    this.#parse = parse;
    this.#pulled = new Promise((resolve) => {
      this.#opened = resolve;
    });
    this.#channel.port1.onmessage = ({ data }: MessageEvent<RunEvent>) => this.#heard(data);
    this.#channel.port1.onmessageerror = () => this.#abandon(new WorkerError("a message of the run could not be read"));
    (this.#channel.port1 as { unref?: () => void }).unref?.();
  }

  async run(): Promise<History> {
    const { core, what } = this.#o;
    const abort = () => this.#interrupt(controls.signal?.reason);
    let free: (() => void) | undefined;
    let controls: RunControls = {};
    try {
      controls = this.#read();
      if (controls.log) this.#log = new Log();
      controls.signal?.throwIfAborted();
      free = core.occupy(what);
      controls.signal?.addEventListener("abort", abort, { once: true });
      const end = await this.#run();
      if (this.#failure) throw this.#failure.error;
      controls.signal?.throwIfAborted();
      const { steps, best, reason, warnings } = end;
      const history = {
        epochs: this.epochs,
        steps,
        ...(best && { best }),
        reason,
        warnings: [...new Set([...this.#warnings, ...warnings])],
      };
      this.#log?.end(history);
      return history;
    } catch (error) {
      this.#log?.fail();
      throw this.#failure ? this.#failure.error : error;
    } finally {
      free?.();
      controls.signal?.removeEventListener("abort", abort);
      this.#opening.abort();
      this.#channel.port1.close();
      dismiss(this.#followers, undefined);
      this.#over = true;
      this.#forget?.();
      this.#release();
    }
  }

  pause(): Promise<void> {
    if (this.#over) return Promise.resolve();
    this.#order({ kind: "pause", number: ++this.#pauses });
    return new Promise((resolve) => this.#paused.push(resolve));
  }

  resume(): void {
    this.#order({ kind: "resume" });
    this.#release();
  }

  stop(reason: "stopped" | "finished" = "stopped"): void {
    this.#order({ kind: "stop", reason });
    if (reason === "stopped" && !this.#over) this.#forget ??= this.#watch();
  }

  /** Not inside `run`, whose variables live as long as the run. */
  #read(): RunControls {
    const parsed = this.#parse!();
    this.#parse = undefined;
    this.#prepare = parsed.prepare;
    this.#controls = parsed.controls;
    return parsed.controls;
  }

  async #run(): Promise<RunEnd> {
    const { connection } = this.#o.core;
    // Its end comes over the port, so that nothing said before can come later.
    const ended = connection.settle(
      () =>
        new Promise<{ end: RunEnd } | { error: unknown }>((resolve) => {
          this.#ended = resolve;
        }),
    );
    const opening = this.#open();
    this.#o.core.whileOpening(opening);
    // An error of opening is the end too; should the worker die, both say the same.
    opening.catch((error) => this.#ended({ error }));
    try {
      const outcome = await ended;
      if ("error" in outcome) throw outcome.error;
      if (!this.#controls.signal?.aborted) await this.#batches?.close();
      return outcome.end;
    } finally {
      // Also after an error or an abort, which do not wait for a source's own end.
      this.#batches?.close().catch(() => {});
    }
  }

  async #open(): Promise<void> {
    const preparing = this.#prepare!();
    this.#prepare = undefined;
    const { request, payloads, source, encode } = await preparing;
    this.#batchwise = { source, encode };
    const { signal } = this.#opening;
    signal.throwIfAborted();
    const { core } = this.#o;
    const port = this.#channel.port2;
    const checkpointEvery = this.#controls.checkpoint?.every;
    const recruited = (index: number) => this.#recruit(index);
    core.update(await open({ core, request, payloads, checkpointEvery, port, recruit: recruited, signal }));
  }

  #recruit(index: number): Follower {
    const follower = recruit(this.#o.core.place, {
      heard: (event, follower) => this.#heardFollower(event, follower, index),
      lost: (error) => this.#abandon(error),
    });
    this.#followers.push(follower);
    return follower;
  }

  #heard(event: RunEvent): void {
    switch (event.kind) {
      case "open":
        this.#o.core.update(event.model);
        this.#reader = new ProgressReader(event.info);
        this.#warnings = event.info.warnings;
        this.#openSource(event.info);
        break;
      case "records":
        for (const p of this.#reader?.read(event.records, event.elapsed) ?? []) this.#show(p);
        this.#order({ kind: "seen" });
        break;
      case "checkpoint":
        void this.#keep(event.file);
        break;
      case "wanted":
        void this.#supply(0, this.#channel.port1);
        break;
      case "paused":
        if (event.number === this.#pauses) this.#release();
        break;
      case "end":
        this.#o.core.update(event.model);
        this.#ended(event.outcome.ok ? { end: event.outcome.value } : { error: fromRecord(event.outcome.error) });
        break;
    }
  }

  #openSource({ batches: used, epoch: passes }: SessionInfo): void {
    const source = this.#batchwise?.source;
    if (!source) return;
    const batches = new Batches(source, used, passes);
    this.#batches = batches;
    this.#opened(new Shared(() => batches.pull(), this.#followers.length + 1));
  }

  /** A follower has only two things to say: that it wants a batch, and that something is wrong. */
  #heardFollower(event: RunEvent, follower: Follower, index: number): void {
    if (event.kind === "wanted") void this.#supply(index, follower.port);
    else if (event.kind === "end" && !event.outcome.ok) this.#abandon(fromRecord(event.outcome.error));
  }

  #show(p: Progress): void {
    // A run that went back ends an epoch anew.
    while (p.kind === "epoch" && (this.epochs.at(-1)?.epoch ?? 0) >= p.epoch) this.epochs.pop();
    if (p.kind === "epoch") this.epochs.push(p);
    this.#log?.show(p);
    this.#o.onProgress(p);
    // Nobody waits for it, but what it throws ends the run, also where it is async.
    const told = async () => this.#controls.onProgress?.(p);
    told().catch((error) => this.#fail(error));
  }

  async #keep(file: Bytes): Promise<void> {
    try {
      await this.#controls.checkpoint?.to(file);
    } catch (error) {
      this.#fail(error);
    }
    this.#order({ kind: "kept" });
  }

  async #supply(reader: number, port: MessagePort): Promise<void> {
    try {
      const pulled = await (await this.#pulled).next(reader);
      if (pulled.kind === "finished") {
        this.#warnings.push(
          `the run ends with pass ${pulled.pass} through the source, which gave no batch: the function is called for each pass and must begin it anew, as a generator function does; an iterator serves one pass`,
        );
        return this.stop("finished");
      }
      const bundle = this.#batchwise!.encode(pulled);
      port.postMessage({ kind: "batch", bundle } satisfies RunOrder, [bundle.buffer]);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Whoever waits for a pause need wait no longer. */
  #release(): void {
    for (const resolve of this.#paused.splice(0)) resolve();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#interrupt(error);
  }

  #interrupt(reason: unknown): void {
    this.#interrupted ??= { error: reason };
    this.#opening.abort(reason);
    this.stop(); // also after the end, which followers tell of that are dismissed: that does nothing
    this.#order({ kind: "kept" }); // whatever `checkpoint.to` is at, this does not wait for it
  }

  /** A worker whose loss does not return hears of no end: the run ends without it. */
  #watch(): () => void {
    const workers = () => [this.#o.core, ...this.#followers].map(({ connection }) => connection);
    return watchLosses(workers, (stuck, error) => {
      // Who has aborted does not want to hear of it.
      this.#failure ??= this.#interrupted ?? { error };
      giveUp(stuck, error); // a follower's end comes back through its recruiter, and abandons the run
    });
  }

  /** A follower is lost, and the first worker need not wait for its share. */
  #abandon(error: unknown): void {
    this.#fail(error);
    this.#order({ kind: "abandon" });
  }

  #order(message: RunOrder): void {
    this.#channel.port1.postMessage(message);
  }
}
