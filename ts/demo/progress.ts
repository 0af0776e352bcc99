/** A progress bar with loss and steps a second: drawn on a terminal, a line every few seconds elsewhere. */
import { SingleBar } from "cli-progress";
import type { Progress } from "retrograd";

const EVERY = 5000; // milliseconds between lines where there is no terminal

export interface State {
  loss: number;
  stepsPerSecond: number;
  /** More figures, as "validation 2.71". */
  more?: string;
}

export class Bar {
  readonly #total: number;
  readonly #bar: SingleBar | undefined;
  #printed = performance.now();
  #line = "";

  constructor(total: number) {
    this.#total = total;
    if (!process.stdout.isTTY) return;
    const format = "  {bar} {percentage} % │ {words}";
    this.#bar = new SingleBar({
      format,
      stream: process.stdout,
      barsize: 24,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      hideCursor: true,
      linewrap: false,
    });
    this.#bar.start(total, 0, { words: "starting" });
  }

  /** `done` of the total. */
  update(done: number, { loss, stepsPerSecond, more }: State): void {
    const rate = `${stepsPerSecond >= 100 ? stepsPerSecond.toFixed(0) : stepsPerSecond.toFixed(1)} steps/s`;
    const words = [`loss ${loss.toPrecision(4)}`, rate, ...(more ? [more] : [])].join(" │ ");
    const share = Math.min(done, this.#total);
    this.#bar?.update(share, { words });
    this.#line = `  ${((100 * share) / this.#total).toFixed(0).padStart(3)} % │ ${words}`;
    if (!this.#bar && performance.now() - this.#printed > EVERY) this.#print();
  }

  /** Leaves the last state on the screen. */
  stop(): void {
    if (this.#bar) this.#bar.stop();
    else if (this.#line) this.#print();
  }

  #print(): void {
    console.log(this.#line);
    this.#printed = performance.now();
  }
}

/** Follows a run on a bar: by steps, or by seconds where the clock ends it. `read` names the validation's figure. */
export async function follow(
  run: AsyncIterable<Progress>,
  { seconds, more }: { seconds?: number; more?: (p: Progress) => string | undefined },
): Promise<void> {
  let bar: Bar | undefined;
  let words: string | undefined;
  for await (const p of run) {
    bar ??= new Bar(seconds ?? p.steps);
    words = more?.(p) ?? words;
    bar.update(seconds ? p.elapsed : p.step, { ...p, ...(words && { more: words }) });
  }
  bar?.stop();
}
