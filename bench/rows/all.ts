/** All measurements, in the order of the table. */
import type { Measurement } from "../bench.js";
import { large, largest, middle, single, small } from "../task.js";
import { data } from "./data.js";
import { once } from "./fresh.js";
import { layers } from "./layers.js";
import { many } from "./many.js";
import { online } from "./online.js";
import { outputs } from "./outputs.js";
import { scale } from "./scale.js";
import { steps } from "./steps.js";
import { streaming } from "./streaming.js";
import { update } from "./update.js";
import { workers } from "./workers.js";

/** Small ones first: --quick may come to its end before the last. */
export const measurements: readonly Measurement[] = [
  ...steps([...small, ...single]),
  online,
  streaming,
  ...outputs,
  ...steps([...middle, ...large, largest]),
  ...layers,
  update,
  ...once,
  many,
  ...data,
  ...scale,
  ...workers,
];
