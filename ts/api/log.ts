/** `log: true`: a bar that redraws itself on a terminal, lines for epochs elsewhere. */
import { type Terminal, terminal } from "../worker/spawn.js";
import type { History, Progress } from "./types.js";

const BAR = 24;
/** Seconds between two drawings of the bar. */
const FRAME = 0.05;
/** Lines of a run in a file or a console, about; where nobody knows how many epochs there will be, one a second. */
const LINES = 50;

export class Log {
  readonly #out: Terminal | undefined;
  #last: Progress | undefined;
  /** Seconds of the run when the last line was written. */
  #shown = Number.NEGATIVE_INFINITY;

  constructor(out = terminal()) {
    this.#out = out;
  }

  show(p: Progress): void {
    this.#last = p;
    if (!this.#due(p)) return;
    this.#shown = p.elapsed;
    if (this.#out?.isTTY) this.#draw(p);
    else this.#print(line(p));
  }

  end(history: History): void {
    const best = history.best ? `, best epoch ${history.best.epoch}: ${number(history.best.validationLoss)}` : "";
    const text = `${history.reason} after ${this.#last ? `${this.#last.step} steps, ${this.#last.elapsed.toFixed(1)} s` : "0 steps"}${best}`;
    if (this.#out?.isTTY) {
      if (this.#last) this.#draw(this.#last);
      this.#out.write("\n");
    }
    this.#print(text);
    for (const warning of history.warnings) this.#print(`warning: ${warning}`);
  }

  /** After a failure: leaves the bar where it is. */
  fail(): void {
    if (this.#out?.isTTY && this.#last) this.#out.write("\n");
  }

  #due({ kind, epoch, epochs, elapsed }: Progress): boolean {
    if (this.#out?.isTTY) return elapsed - this.#shown >= FRAME;
    if (kind === "step") return false; // in a file it would be noise
    return epochs === Number.POSITIVE_INFINITY ? elapsed - this.#shown >= 1 : epoch % Math.ceil(epochs / LINES) === 0;
  }

  #draw(p: Progress): void {
    this.#out?.write(`\r${this.#fit(line(p))}`);
  }

  #print(text: string): void {
    if (this.#out) this.#out.write(`${text}\n`);
    else console.log(text);
  }

  /** To the terminal's width, over whatever stood there before. */
  #fit(text: string): string {
    const width = Math.max((this.#out?.columns ?? 80) - 1, 20);
    return text.slice(0, width).padEnd(width);
  }
}

function line(p: Progress): string {
  const done = p.steps > 0 ? Math.min(p.step / p.steps, 1) : 0;
  const filled = Math.round(done * BAR);
  const bar = "█".repeat(filled) + "░".repeat(BAR - filled);
  const figures = (loss: number, metrics: Record<string, number>) =>
    Object.entries({ loss, ...metrics }).map(([name, value]) => `${name} ${number(value)}`);
  // Metrics of the validation part alone, where there is one: a line has little room.
  const shown =
    p.validationLoss === undefined
      ? figures(p.loss, p.metrics)
      : [...figures(p.loss, {}), `validation: ${figures(p.validationLoss, p.validationMetrics ?? {}).join(", ")}`];
  return `${bar} epoch ${p.epoch}/${number(p.epochs)}  ${shown.join("  ")}  ${number(p.stepsPerSecond)} steps/s`;
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "∞";
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
