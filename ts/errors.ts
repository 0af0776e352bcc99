/**
 * What is thrown for bad input and for what can go wrong: subclasses of RetrogradError with a stable `code`.
 * They cross from the kernel and between threads as records (crates/train/src/error.rs makes the same ones), since a
 * message port keeps neither class nor fields of an error.
 */

/** What an error says beside its message. */
export interface ErrorInfo {
  /** For programs; each class has one that is meant when none is given. */
  readonly code?: string | undefined;
  /** The argument or its part: `layers[1].hiddenSize`, `x[3][17][0]`. */
  readonly path?: string | undefined;
  readonly expected?: string | undefined;
  readonly received?: string | undefined;
  /** Numbers and names beside the text: step, lastLoss, bytes … */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** An error as data. Any further field is one of its details. */
export interface ErrorRecord {
  readonly class: string;
  readonly code: string;
  readonly message: string;
  readonly path?: string | undefined;
  readonly expected?: string | undefined;
  readonly received?: string | undefined;
}

export class RetrogradError extends Error {
  readonly code: string;
  // Declared, not defined: a field that does not apply is absent.
  declare readonly path?: string;
  declare readonly expected?: string;
  declare readonly received?: string;
  declare readonly details?: Readonly<Record<string, unknown>>;

  constructor(message: string, info: ErrorInfo = {}) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    this.code = info.code ?? codes[this.name] ?? "failed";
    if (info.path !== undefined) this.path = info.path;
    if (info.expected !== undefined) this.expected = info.expected;
    if (info.received !== undefined) this.received = info.received;
    if (info.details !== undefined && Object.keys(info.details).length > 0) this.details = info.details;
  }
}

/** A tensor or a list has the wrong number of axes or the wrong size. */
export class ShapeError extends RetrogradError {}
/** A description or an option is wrong. */
export class ConfigError extends RetrogradError {}
/** The user's data are wrong: NaN, an unknown token, an empty set. */
export class DataError extends RetrogradError {}
/** Training left the finite numbers; the weights are the last finite ones. `path` is the tensor that was seen first. */
export class DivergenceError extends RetrogradError {
  /** The update, from 1, in which it was seen. */
  get step(): number {
    return numberOf(this.details?.step);
  }
  /** The last finite loss; NaN if there was none. */
  get lastLoss(): number {
    return numberOf(this.details?.lastLoss);
  }
  get tensor(): string {
    return this.path ?? "";
  }
}
/** The worker is dead; the model can be opened again from its last checkpoint. */
export class WorkerError extends RetrogradError {}
/** What was asked for does not fit in memory. */
export class MemoryError extends RetrogradError {
  get bytes(): number {
    return numberOf(this.details?.bytes);
  }
}
/** A file is not what it should be. */
export class FormatError extends RetrogradError {}
/** A second run while one goes on. */
export class BusyError extends RetrogradError {}
/** Used after `dispose()`. */
export class DisposedError extends RetrogradError {}

const classes: Readonly<Record<string, new (message: string, info?: ErrorInfo) => RetrogradError>> = {
  RetrogradError,
  ShapeError,
  ConfigError,
  DataError,
  DivergenceError,
  WorkerError,
  MemoryError,
  FormatError,
  BusyError,
  DisposedError,
};

/** The codes that crates/train/src/error.rs gives when nothing more special is said. */
const codes: Readonly<Record<string, string>> = {
  ShapeError: "wrongShape",
  ConfigError: "wrongOption",
  DataError: "wrongData",
  DivergenceError: "diverged",
  WorkerError: "workerDied",
  MemoryError: "outOfMemory",
  FormatError: "unreadableFile",
  BusyError: "busy",
  DisposedError: "disposed",
};

// On the prototypes, as the built-in errors have it, and as text, which survives minification. The classes' own names, by which a
// console calls an error that nobody caught, are those that minification gave them.
for (const [name, of] of Object.entries(classes)) {
  Object.defineProperty(of.prototype, "name", { value: name, configurable: true, writable: true });
  Object.defineProperty(of, "name", { value: name, configurable: true });
}

/** The error that a record stands for, with a stack of its own. An unknown class gives a RetrogradError. */
export function fromRecord(record: ErrorRecord): RetrogradError {
  const { class: name, code, message, path, expected, received, ...details } = record;
  const of = Object.hasOwn(classes, name) ? classes[name] : undefined;
  return new (of ?? RetrogradError)(message, { code, path, expected, received, details });
}

/** JSON has null where there is no number. */
function numberOf(value: unknown): number {
  return typeof value === "number" ? value : Number.NaN;
}
