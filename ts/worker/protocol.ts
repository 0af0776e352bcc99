/**
 * What crosses between the caller's thread and the worker. Types only: both sides import it.
 *
 * Calls go through comlink over one MessagePort. Each run and each learner has a plain MessagePort of its own, so that
 * its messages keep their order and cost nothing but the message.
 */
import type { ErrorRecord } from "../errors.js";
import type { RatesFound } from "../kernel/finder.js";
import type { SessionEnd, SessionInfo } from "../kernel/session.js";

export type { RatesFound } from "../kernel/finder.js";
export type { SessionInfo } from "../kernel/session.js";

/** Bytes that own their buffer and move with it. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Every answer is one of these: comlink would lose an error's class, code and path. */
export type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorRecord };

/** The first message to the worker, through its parent port. */
export interface Start {
  module: WebAssembly.Module;
  port: MessagePort;
}

/** What losses of the user's own in the worker are at: calls so far, whether the last has not returned, the longest in milliseconds. */
export interface Asked {
  calls: number;
  asking: boolean;
  longest: number;
  /** One of calls that are told together: it may have returned, and the kernel be at work. */
  together?: true;
}

/** From the worker through its parent port: it listens; or it is lost, and why; or what its losses are at, or where that is written. */
export type Notice = { ready: true } | { dead: ErrorRecord } | Asked | { board: Int32Array };

/** What the caller keeps of a model, so that it can answer without asking. */
export interface ModelInfo {
  /** JSON, as saved. */
  description: string;
  parameterCount: number;
  summary: string;
}

/** Data as a call names them: a bundle, or the number under which the worker has read one piece by piece. */
export type Placed = Bytes | number;

export interface RunRequest {
  /** Go on with the saved run instead of starting one. */
  resume: boolean;
  /** JSON: a run's description, or what a resumed one changes. */
  run: string;
  data: Placed;
  validation?: Placed;
  /** This worker's place among those that share each batch. */
  parallel?: { workers: number; index: number };
  /** Whether these workers meet in shared memory, instead of by messages. */
  shared?: boolean;
  /** JSON: the model's description with the vocabulary that was left open; it takes effect when the run opens. */
  complete?: string;
  /** Updates between checkpoints sent to the caller; absent: none. */
  checkpointEvery?: number;
}

/** A range test of learning rates. */
export interface FinderRequest extends Pick<RunRequest, "run" | "data" | "complete"> {
  /** JSON: rates, steps, when to end. */
  range: string;
}

/** The calls, by the number that the caller has given the model: one model a worker by default, but nothing here relies on it. */
export interface Calls {
  create(id: number, description: string): ModelInfo;
  load(id: number, file: Bytes): ModelInfo;
  /** Ends whatever goes on about the model and frees it, if there is one. */
  dispose(id: number): void;
  /** The first `count` bytes of a buffer, for a bundle of `length` bytes; the buffer comes back. The number is the caller's own. */
  feed(id: number, data: number, length: number, buffer: Bytes, count: number): Bytes;
  /** What was fed under this number is of no use. */
  forget(id: number, data: number): void;
  parameters(id: number): Bytes;
  setParameters(id: number, bundle: Bytes, strict: boolean): void;
  save(id: number, training: boolean): Bytes;
  predict(id: number, bundle: Bytes, options: string): Bytes;
  evaluate(id: number, data: Placed, options: string): Record<string, number | null>;
  gradients(id: number, bundle: Bytes, options: string): Bytes;
  forecast(id: number, bundle: Bytes, options: string): Bytes;
  /** Settles when the run is open; the port tells the rest. `peers`: a port to each other worker of a parallel run. */
  run(id: number, request: RunRequest, port: MessagePort, peers: MessagePort[]): ModelInfo;
  openTrainer(id: number, run: string): number;
  trainerStep(id: number, trainer: number, bundle: Bytes): Bytes;
  trainerApply(id: number, trainer: number, gradients: Bytes): void;
  /** The port takes LearnerCalls, in order. */
  openLearner(id: number, options: string, port: MessagePort): void;
  openGenerator(id: number, options: string, prompt: Bytes): number;
  /** As many tokens as a slice of time allows; `ended`: by length or stop string. */
  generate(id: number, generator: number): { tokens: Uint32Array<ArrayBuffer>; ended: boolean };
  /** The last state; the generator is gone after this. */
  closeGenerator(id: number, generator: number): Bytes;
  openFinder(id: number, request: FinderRequest): number;
  /** As many updates as a slice of time allows; whether it has come to its end. */
  find(id: number, finder: number): boolean;
  /** What was found, if it is wanted; the finder is gone after this. */
  closeFinder(id: number, finder: number, wanted: boolean): RatesFound | undefined;
}

/** The same, as answered: what comlink exposes. */
export type Answers = { [K in keyof Calls]: (...a: Parameters<Calls[K]>) => Settled<ReturnType<Calls[K]>> };

/** Caller to run. */
export type RunOrder =
  | { kind: "pause"; number: number }
  | { kind: "resume" }
  /** `finished`: a source of batches has no more to give. */
  | { kind: "stop"; reason: "stopped" | "finished" }
  /** Another worker of the run is dead: nothing can be waited for. */
  | { kind: "abandon" }
  /** The batch asked for; a bundle of kind `end` when the source has come to its end, which ends the epoch. */
  | { kind: "batch"; bundle: Bytes }
  /** Records have been looked at; the next ones may be sent. */
  | { kind: "seen" }
  /** The checkpoint has been taken; the next one may be sent. */
  | { kind: "kept" };

export interface StepHistory {
  step: Int32Array<ArrayBuffer>;
  loss: Float32Array<ArrayBuffer>;
  gradientNorm: Float32Array<ArrayBuffer>;
  learningRate: Float64Array<ArrayBuffer>;
}

export interface RunEnd extends Omit<SessionEnd, "reason"> {
  reason: SessionEnd["reason"] | "seconds";
  steps: StepHistory;
}

export interface RunRecord {
  kind: "step" | "epoch";
  /** From 1. */
  epoch: number;
  step: number;
  loss: number;
  gradientNorm: number;
  /** Share of updates clipped. */
  clipped: number;
  learningRate: number;
  metrics: Record<string, number>;
  validationLoss?: number;
  validationMetrics?: Record<string, number>;
}

/** Run to caller. The last message is `end`. */
export type RunEvent =
  | { kind: "open"; info: SessionInfo; model: ModelInfo }
  /** Those of epochs all, those of steps thinned; seconds since the start, pauses not counted. */
  | { kind: "records"; records: RunRecord[]; elapsed: number }
  | { kind: "checkpoint"; file: Bytes }
  | { kind: "wanted" }
  | { kind: "paused"; number: number }
  | { kind: "end"; outcome: Settled<RunEnd>; model: ModelInfo };

/** Caller to learner; each is answered by one Settled, in order. */
export type LearnerCall =
  | { kind: "step"; x: Float32Array; y?: Float32Array }
  | { kind: "run"; bundle: Bytes }
  | { kind: "reset" }
  | { kind: "close" };

export type LearnerAnswer = Settled<Float32Array | Uint8Array | undefined>;
