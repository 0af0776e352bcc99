/** Measures contestants in turn, round by round, so that whatever else the machine does falls on all of them. */
import { median } from "./table.js";

/** Something that does the same step again and again. */
export interface Contestant {
  run(steps: number): Promise<Lap>;
  /** Of a round, where starting one costs something that would else be the most of it. */
  leastSteps?: number;
  close(): void | Promise<void>;
}

export interface Lap {
  /** For all the steps, by the contestant's own clock. */
  ms: number;
  /** Before each update; empty where nothing is learned. */
  losses: readonly number[];
}

export interface Series {
  name: string;
  stepsPerRound: number;
  /** Of each round, milliseconds a step: the whole round over its steps. */
  rounds: number[];
  /** The very first step, which compiles. */
  cold: number;
  firstLoss?: number;
  lastLoss?: number;
}

export interface Effort {
  rounds: number;
  /** Milliseconds: of a round; of each one's warm-up; that one may take for a row. */
  lap: number;
  warm: number;
  limit: number;
  /** Whether every second round goes from the last to the first. */
  swap?: boolean;
}

export const medianOf = (s: Series) => median(s.rounds);
export const leastOf = (s: Series) => Math.min(...s.rounds);

interface Entry {
  contestant: Contestant;
  series: Series;
  rounds: number;
}

/**
 * Those named; a contestant that is slow takes part in fewer rounds, at least one. Closes none of them. One that fails is left
 * out where `failed` does not throw.
 */
export async function alternate(
  contestants: readonly (readonly [string, Contestant])[],
  { rounds, lap, warm, limit, swap = false }: Effort,
  between: () => void = () => {},
  failed: (name: string, error: unknown) => void = (_, error) => {
    throw error;
  },
): Promise<Series[]> {
  const entries: Entry[] = [];
  for (const [name, contestant] of contestants) {
    const warmed = await warmUp(name, contestant, warm).catch((error) => failed(name, error));
    if (!warmed) continue;
    const { series, step } = warmed;
    series.stepsPerRound = Math.max(contestant.leastSteps ?? 1, Math.round(lap / step));
    const affordable = Math.floor(limit / (step * series.stepsPerRound));
    entries.push({ contestant, series, rounds: Math.max(1, Math.min(rounds, affordable)) });
  }
  for (let round = 0; round < rounds; round++) {
    between();
    for (const entry of swap && round % 2 ? [...entries].reverse() : entries) {
      const { contestant, series } = entry;
      if (round >= entry.rounds) continue;
      try {
        const { ms, losses } = await contestant.run(series.stepsPerRound);
        series.rounds.push(ms / series.stepsPerRound);
        note(series, losses);
      } catch (error) {
        failed(series.name, error);
        entry.rounds = 0;
      }
    }
  }
  return entries.map(({ series }) => series).filter(({ rounds }) => rounds.length > 0);
}

/** Runs until the compilers have had their time; `step` is what one then takes. */
async function warmUp(name: string, contestant: Contestant, warm: number): Promise<{ series: Series; step: number }> {
  const first = await contestant.run(1);
  const series: Series = { name, stepsPerRound: 1, rounds: [], cold: first.ms };
  note(series, first.losses);
  let step = first.ms;
  for (let spent = first.ms, steps = 1; spent < warm; steps *= 2) {
    const lap = await contestant.run(steps);
    note(series, lap.losses);
    step = lap.ms / steps;
    spent += Math.max(lap.ms, 0.1);
  }
  return { series, step };
}

function note(series: Series, losses: readonly number[]): void {
  if (losses.length === 0) return;
  series.firstLoss ??= losses[0]!;
  series.lastLoss = losses.at(-1)!;
}

/** A contestant that calls back once a step. */
export function repeated(step: () => void | Promise<void>, close: Contestant["close"] = () => {}): Contestant {
  return {
    async run(steps) {
      const begun = performance.now();
      for (let k = 0; k < steps; k++) await step();
      return { ms: performance.now() - begun, losses: [] };
    },
    close,
  };
}
