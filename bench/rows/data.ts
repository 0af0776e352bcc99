/** What large data take while they go in, beside what the user holds; in fresh processes. */
import { atMost, type Bench, type Measurement, type Row } from "../bench.js";
import { fresh } from "../fresh/fresh.js";
import { digits, median } from "../table.js";

export const data: Measurement[] = [
  ["data, text of 100 MB", "text", 100_000_000],
  ["data, series of 10 M rows", "series", 10_000_000],
].map(([name, what, count]) => ({
  name: name as string,
  run: (bench) => measure(bench, name as string, what as string, count as number),
}));

interface Read {
  size: number;
  added: number;
  all: number;
  seconds: number;
}

/** A tenth of them in --quick. */
async function measure({ quick }: Bench, name: string, what: string, count: number): Promise<Row[]> {
  const runs = await fresh<Read>("data", [what, String(quick ? count / 10 : count)], quick ? 1 : 3);
  const of = (figure: (run: Read) => number) => median(runs.map(figure));
  const times = of((run) => run.added / run.size);
  return [
    {
      name: quick ? `${name}, a tenth of it` : name,
      unit: "MB",
      rounds: runs.map((run) => run.added / 1e6),
      note: `${digits(times)} × their size, ${digits(of((run) => run.all / run.size))} × with the user's own; first update after ${digits(of((run) => run.seconds))} s`,
      asked: [atMost(times, 2, "≤ 2 ×")],
    },
  ];
}
