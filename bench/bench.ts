/** What all measurements share: how long they may take, the kernels and their peaks, the rivals, and the rows they give. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bare } from "./inside/bare.js";
import { builds, openKernel, root } from "./inside/tree.js";
import { Peak } from "./peak/peak.js";
import type { Rival } from "./rivals/rival.js";
import { alternate, type Contestant, type Effort, leastOf, type Series } from "./rounds.js";
import { digits } from "./table.js";

export type Simd = keyof typeof builds;

/** A target of the project beside what was measured. Undefined: it was not measured. */
export interface Asked {
  text: string;
  met: boolean | undefined;
}

/** A line of the table. */
export interface Row {
  name: string;
  unit: "ms" | "µs" | "MB" | "";
  /** Each round's figure, in the unit. */
  rounds: number[];
  /** Of a figure in milliseconds. */
  flops?: number;
  /** Whose peak the share is of; without it, none is given. */
  simd?: Simd;
  /** Of the peak, from 0 to 1, that is asked for. Whether it is met is seen at the end, when the peak is known. */
  share?: number | undefined;
  /** What was measured in turn with it, in the unit. */
  rivals?: Series[];
  /** What else there is to say. */
  note?: string;
  asked?: Asked[];
}

export interface Measurement {
  /** What `--only` looks for. */
  name: string;
  /** Not part of --quick, unless asked for by name. */
  slow?: boolean;
  run(bench: Bench): Promise<Row[]>;
}

type Way = () => Promise<Contestant>;

/** Seconds of --quick: after these, rivals are left out; after those, whatever is not measured yet. */
const QUICK = { rivals: 75, all: 100 };

/** What the kernel alone can be measured on. */
export interface Case {
  name: string;
  flops?: number;
  open(kernel: Bare): Contestant;
}

export class Bench {
  readonly quick: boolean;
  readonly effort: Effort;
  readonly kernels: readonly (readonly [Simd, Bare])[];
  readonly peaks: ReadonlyMap<Simd, Peak>;
  readonly rivals: readonly Rival[];
  /** What must not be: losses that do not fall, tasks that differ. */
  readonly faults: string[] = [];
  /** Rows that were measured without rivals, for want of time. */
  readonly hurried = new Set<string>();
  /** Plain lines under the table. */
  readonly remarks: string[] = [];
  /** The best rate of each rival, FLOP/ms: what a larger task would take. */
  readonly #rates = new Map<string, number>();

  private constructor(quick: boolean, kernels: Bench["kernels"], peaks: Bench["peaks"], rivals: readonly Rival[]) {
    this.quick = quick;
    this.effort = quick
      ? { rounds: 3, lap: 40, warm: 150, limit: 1000 }
      : { rounds: 11, lap: 150, warm: 500, limit: 12_000 };
    this.kernels = kernels;
    this.peaks = peaks;
    this.rivals = rivals;
  }

  static async open(quick: boolean, rivals: readonly Rival[]): Promise<Bench> {
    const peaks = new Map<Simd, Peak>();
    const kernels: [Simd, Bare][] = [];
    for (const simd of Object.keys(builds) as Simd[]) {
      const peak = Peak.open(await readFile(join(root, `bench/peak/${simd}.wasm`)));
      if (!peak) continue;
      peaks.set(simd, peak);
      // This tree may have no relaxed build.
      if (simd === "strict" || existsSync(join(root, builds[simd])))
        kernels.push([simd, await openKernel(root, builds[simd])]);
    }
    return new Bench(quick, kernels, peaks, rivals);
  }

  /** Seconds since the process began. */
  get elapsed(): number {
    return performance.now() / 1000;
  }

  get #patience(): number {
    return this.quick ? QUICK.rivals : Number.POSITIVE_INFINITY;
  }

  /** Nothing more is to be begun. */
  get over(): boolean {
    return this.quick && this.elapsed > QUICK.all;
  }

  /** The kernel that is there everywhere. */
  get kernel(): Bare {
    return this.kernels[0]![1];
  }

  /** Alternates, and closes all contestants; a rival that fails is left out. */
  async measure(
    row: string,
    contestants: readonly (readonly [string, Contestant])[],
    effort = this.effort,
  ): Promise<Series[]> {
    try {
      const between = () => {
        for (const peak of this.peaks.values()) peak.sample();
      };
      return await alternate(contestants, effort, between, (name, error) => {
        if (!this.rivals.some((rival) => rival.name === name)) throw error;
        this.remarks.push(`${row}: ${name} FAILED: ${error instanceof Error ? error.message : error}`);
      });
    } finally {
      for (const [, contestant] of contestants) await contestant.close();
    }
  }

  /** Opens those that can do the task in bearable time; says which cannot. `way`: how one does it, undefined: not at all. */
  async opponents(row: string, flops: number, way: (rival: Rival) => Way | undefined): Promise<[string, Contestant][]> {
    const opened: [string, Contestant][] = [];
    for (const rival of this.rivals) {
      const open = way(rival);
      if (!open) continue;
      const step = flops / (this.#rates.get(rival.name) ?? rival.guess * 1e6);
      // A first step and a round, at least.
      if (2 * step > 3 * this.effort.limit) {
        this.remarks.push(`${row}: ${rival.name} would take some ${digits(step / 1000)} s a step, and is left out.`);
      } else if (this.elapsed > this.#patience) {
        this.hurried.add(row);
      } else {
        try {
          opened.push([rival.name, await open()]);
        } catch (error) {
          this.remarks.push(`${row}: ${rival.name} FAILED: ${error instanceof Error ? error.message : error}`);
        }
      }
    }
    return opened;
  }

  /** Remembers the rates of a row's series. */
  learn(series: readonly Series[], flops: number): void {
    for (const s of series) this.#rates.set(s.name, Math.max(flops / leastOf(s), this.#rates.get(s.name) ?? 0));
  }

  checkLosses(row: string, series: readonly Series[]): void {
    for (const { name, firstLoss, lastLoss } of series) {
      if (firstLoss === undefined || lastLoss! < firstLoss) continue;
      const words = `${row}, ${name}: ${firstLoss} → ${lastLoss}`;
      // One whose task and optimiser are its own may well do badly.
      const own = this.rivals.some((rival) => rival.name === name && !rival.comparable);
      if (own) this.remarks.push(`Its losses do not fall: ${words}`);
      else this.faults.push(`DOES NOT LEARN: ${words}`);
    }
  }
}

/** `×` and a figure, or a share: met or not, or not measured. */
export function atLeast(figure: number | undefined, target: number, text: string): Asked {
  return { text, met: figure === undefined ? undefined : figure >= target };
}

export function atMost(figure: number | undefined, target: number, text: string): Asked {
  return { text, met: figure === undefined ? undefined : figure <= target };
}
