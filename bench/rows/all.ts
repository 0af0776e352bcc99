/** All measurements, in the order of the table. */
import type { Measurement } from "../bench.js";
import { steps } from "./steps.js";

export const measurements: readonly Measurement[] = [...steps];
