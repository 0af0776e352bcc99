/** The values that users hand over and get back. Types only; the model's and the run's descriptions are generated elsewhere. */

export type Numbers = readonly number[] | Float32Array | Float64Array | Int32Array;

/** Row-major. */
export interface TensorLike {
  readonly shape: readonly number[];
  readonly data: Numbers;
}

export type Nested = (number | Nested)[];

export interface Tensor extends TensorLike {
  readonly data: Float32Array;
  /** Lists in lists, as deep as there are axes. */
  toArray(): Nested;
}

/** One sequence: [time] if a step is one number or one token, else [time][size]; a string where the input is text. */
export type Sequence = Numbers | readonly Numbers[] | string;

/** The first axis is always the batch: one sequence is `[s]`. Lengths may differ. Buffers are copied, never detached. */
export type Sequences = readonly Sequence[] | TensorLike; // [B, T, size]

/**
 * At "last": one per sequence (number, [size], class index or label; a probability for each class where the loss wants them); at
 * "every": one such list per sequence. CTC: a list of labels for each sequence, no longer than it (with one more step between two that
 * are equal), maybe empty; a string is one of its characters.
 */
export type Targets =
  | Numbers
  | readonly string[]
  | readonly (Numbers | readonly Numbers[] | readonly string[])[]
  | TensorLike;

/** As in PyTorch: [numLayers · directions, B, H]. One entry for each recurrent layer. */
export interface State {
  h: TensorLike;
  c?: TensorLike;
}

/** A weight of 0 masks a sequence or a step: its target may then be anything. */
export interface Samples {
  x: Sequences;
  y: Targets;
  sampleWeight?: Numbers | readonly Numbers[];
  initialState?: readonly State[];
}

/**
 * Columns, or rows as CSV readers give them. More than 256 kB are read piece by piece: leave them as they are until the run's
 * first report, or until `evaluate` settles. Times are dates, ISO 8601 strings (UTC unless they say otherwise) or
 * milliseconds since 1970.
 */
export type Table =
  | Record<string, ArrayLike<number | string | Date>>
  | readonly Record<string, number | string | Date>[];

/**
 * Ready batches, of which there is one at a time: the next one is asked for when an update is done. The function is called for each
 * pass through the data, which is an epoch and ends where the iterable does. `start` is how many batches of this pass have been used:
 * 0, but for the first pass of a run that is resumed inside one; a source that leaves out as many makes it exact, and where none
 * are left the epoch ends. `pass`, from 0, is how many passes came before, for a source whose passes differ. A first pass of no batch is
 * refused; a later one ends the run, with a warning.
 */
export type BatchSource = (start: number, pass: number) => Iterable<Samples> | AsyncIterable<Samples>;

/** A string is one text. */
export type Data = Samples | Table | string | BatchSource;
