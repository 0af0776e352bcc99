/** The public face of retrograd. */
export * from "./api/description.gen.js";
export { choice, logUniform, search } from "./api/later.js";
export { createModel, loadModel } from "./api/open.js";
export { type CsvOptions, type Records, toCsv, toJsonLines } from "./api/records.js";
export type { Choice, Search, SearchOptions, Trial } from "./api/search.js";
export type {
  FindOptions,
  Generation,
  Gradients,
  History,
  Learner,
  Model,
  Prediction,
  Progress,
  RatesFound,
  Run,
  RunControls,
  Runtime,
  Trainer,
} from "./api/types.js";
export { readSafetensors, writeSafetensors } from "./data/safetensors.js";
export type {
  BatchSource,
  Data,
  Nested,
  Numbers,
  Samples,
  Sequence,
  Sequences,
  State,
  Table,
  Targets,
  Tensor,
  TensorLike,
} from "./data/values.js";
export {
  BusyError,
  ConfigError,
  DataError,
  DisposedError,
  DivergenceError,
  FormatError,
  MemoryError,
  RetrogradError,
  ShapeError,
  WorkerError,
} from "./errors.js";
