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
 * Ready batches, of which there is one at a time: the next one is asked for when an update is done. The function is called
 * with the number already used, so that a resumed run is exact. A pass ends where the iterable does, and is an epoch; one that
 * gives nothing ends the run. A checkpoint waits for the next batch or the end of the pass. `save()` does not wait, nor does the end of
 * a run by `steps` or `stop()`, since a source may be long about it: where they fall between the last batch of a pass and its end, a
 * resumed run takes this pass and the next for one epoch. A run that is to be resumed there ends by `epochs`.
 */
export type BatchSource = (start: number) => Iterable<Samples> | AsyncIterable<Samples>;

/** A string is one text. */
export type Data = Samples | Table | string | BatchSource;
