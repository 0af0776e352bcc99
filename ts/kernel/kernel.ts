/** Mirrors crates/wasm/src/lib.rs: the handles, as strings of JSON, bytes of bundles and numbers. All throw as guard.ts says. */
import type { Finders } from "./finder.js";
import type { Generators } from "./generator.js";
import type { Learners } from "./learner.js";
import type { Models } from "./model.js";
import type { Readers } from "./reader.js";
import type { Sessions } from "./session.js";
import type { Trainers } from "./trainer.js";

export interface Kernel {
  readonly Model: Models;
  readonly Reader: Readers;
  readonly Session: Sessions;
  readonly Trainer: Trainers;
  readonly Learner: Learners;
  readonly Generator: Generators;
  readonly Finder: Finders;
}
