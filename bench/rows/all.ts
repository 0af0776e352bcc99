/** All measurements, in the order of the table. */
import type { Measurement } from "../bench.js";
import { once } from "./fresh.js";
import { layers } from "./layers.js";
import { online } from "./online.js";
import { outputs } from "./outputs.js";
import { scale } from "./scale.js";
import { steps } from "./steps.js";
import { streaming } from "./streaming.js";
import { update } from "./update.js";
import { workers } from "./workers.js";

export const measurements: readonly Measurement[] = [
  ...steps,
  online,
  streaming,
  ...layers,
  ...workers,
  ...outputs,
  update,
  ...once,
  ...scale,
];
