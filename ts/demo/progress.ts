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
  #more: string | undefined;

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
    const kept = more ?? this.#more; // stays until there is a newer one
    const rate = `${stepsPerSecond >= 100 ? stepsPerSecond.toFixed(0) : stepsPerSecond.toFixed(1)} steps/s`;
    const words = [`loss ${loss.toPrecision(4)}`, rate, ...(kept ? [kept] : [])].join(" │ ");
    const share = Math.min(done, this.#total);
    this.#bar?.update(share, { words });
    if (more) this.#more = more;
    this.#line = `  ${((100 * share) / this.#total).toFixed(0).padStart(3)} % │ ${words}`;
    if (!this.#bar && performance.now() - this.#printed > EVERY) this.#print();
  }

  /** Leaves the last state on the screen; `whole`: what was planned is done, though less time than allowed may have passed. */
  stop(whole = false): void {
    if (whole) {
      this.#bar?.update(this.#total);
      this.#line = this.#line.replace(/^ *[0-9]+ %/, "  100 %");
    }
    if (this.#bar) this.#bar.stop();
    else if (this.#line) this.#print();
  }

  #print(): void {
    console.log(this.#line);
    this.#printed = performance.now();
  }
}

/** Follows a run on a bar: by its steps, or by the clock where `seconds` will end it first. */
export async function follow(
  run: AsyncIterable<Progress>,
  { seconds, more }: { seconds?: number; more?: (p: Progress) => string | undefined },
): Promise<void> {
  const bar = new Bar(1);
  for await (const p of run) {
    const words = more?.(p);
    bar.update(Math.max(p.step / p.steps, seconds === undefined ? 0 : p.elapsed / seconds), {
      ...p,
      ...(words && { more: words }),
    });
  }
  bar.stop();
}
