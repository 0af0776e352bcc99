/** Sorts a run's records: which ones become events, which ones the history keeps. */
import { Column } from "../kernel/session.js";
import type { RunRecord, StepHistory } from "./protocol.js";

/** Step events in a second, at most. */
const EVENTS_PER_SECOND = 10;

/** A Float64Array that grows. */
class Numbers {
  #data = new Float64Array(256);
  length = 0;

  push(value: number): void {
    if (this.length === this.#data.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.length++] = value;
  }

  get last(): number | undefined {
    return this.length ? this.#data[this.length - 1] : undefined;
  }

  values(): Float64Array {
    return this.#data.subarray(0, this.length);
  }
}

export class Ledger {
  readonly #metrics: readonly string[];
  readonly #every: number;
  readonly #step = new Numbers();
  readonly #loss = new Numbers();
  readonly #norm = new Numbers();
  readonly #rate = new Numbers();
  #nextEvent = 0;

  /** @param every updates between records of the history: counted, never timed, so that a run repeats exactly. */
  constructor(metrics: readonly string[], every: number) {
    this.#metrics = metrics;
    this.#every = every;
  }

  /**
   * Takes the kernel's rows; answers with the records that the caller shall see: every epoch's, and the last step's
   * when its time has come.
   * @param now milliseconds
   */
  take(rows: Float64Array, now: number): RunRecord[] {
    const stride = Column.metrics + 2 * this.#metrics.length;
    const seen: RunRecord[] = [];
    for (let at = 0; at + stride <= rows.length; at += stride) {
      const row = rows.subarray(at, at + stride);
      if (row[Column.kind] === 1) {
        seen.push(this.#record(row));
        continue;
      }
      this.#keep(row);
      // Only the newest step of a slice is news, and ten a second are enough for any display.
      if (at + stride === rows.length && now >= this.#nextEvent) {
        seen.push(this.#record(row));
        this.#nextEvent = now + 1000 / EVENTS_PER_SECOND;
      }
    }
    return seen;
  }

  history(): StepHistory {
    return {
      step: Int32Array.from(this.#step.values()),
      loss: Float32Array.from(this.#loss.values()),
      gradientNorm: Float32Array.from(this.#norm.values()),
      learningRate: Float64Array.from(this.#rate.values()),
    };
  }

  #keep(row: Float64Array): void {
    const step = row[Column.step] as number;
    // A run that went back takes these steps anew.
    while ((this.#step.last ?? -1) >= step) {
      for (const column of [this.#step, this.#loss, this.#norm, this.#rate]) column.length--;
    }
    if (step % this.#every !== 0) return;
    this.#step.push(step);
    this.#loss.push(row[Column.loss] as number);
    this.#norm.push(row[Column.gradientNorm] as number);
    this.#rate.push(row[Column.learningRate] as number);
  }

  #record(row: Float64Array): RunRecord {
    const column = (name: keyof typeof Column) => row[Column[name]] as number;
    // What was not measured is NaN in the row and absent in the record.
    const values = (from: number) => {
      const all = this.#metrics.map((name, i) => [name, row[from + i] as number] as const);
      return Object.fromEntries(all.filter(([, value]) => !Number.isNaN(value)));
    };
    const validationLoss = column("validationLoss");
    return {
      kind: column("kind") === 1 ? "epoch" : "step",
      epoch: column("epoch"),
      step: column("step"),
      loss: column("loss"),
      gradientNorm: column("gradientNorm"),
      clipped: column("clipped"),
      learningRate: column("learningRate"),
      metrics: values(Column.metrics),
      ...(!Number.isNaN(validationLoss) && {
        validationLoss,
        validationMetrics: values(Column.metrics + this.#metrics.length),
      }),
    };
  }
}
