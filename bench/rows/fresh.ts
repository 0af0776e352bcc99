/** What happens once in a process: the start, and the memory it comes to hold. */
import { atMost, type Bench, type Measurement, type Row } from "../bench.js";
import { fresh } from "../fresh/fresh.js";
import { digits, median } from "../table.js";

export const once: Measurement[] = [
  { name: "cold start, lstm 64,32,50,8", run: start },
  { name: "memory, lstm 128,64,100,32", run: memory },
];

interface Start {
  import: number;
  open: number;
  whole: number;
  firstStep: number;
  steady: number;
}

async function start({ quick }: Bench): Promise<Row[]> {
  const runs = await fresh<Start>("start", [], quick ? 3 : 9);
  const of = (what: keyof Start) => runs.map((run) => run[what]);
  const ratio = median(runs.map(({ firstStep, steady }) => firstStep / steady));
  const [imported, opened] = [median(of("import")), median(of("open"))];
  return [
    {
      name: "cold start, import to first step",
      unit: "ms",
      rounds: of("whole"),
      note: `import ${digits(imported)} ms, model open ${digits(opened)} ms`,
      asked: [atMost(median(of("whole")), 100, "≤ 100 ms")],
    },
    {
      name: "cold start, first step of lstm 64,32,50,8",
      unit: "ms",
      rounds: of("firstStep"),
      note: `${digits(ratio)} × a steady step`,
      asked: [atMost(ratio, 2.5, "≤ 2.5 ×")],
    },
  ];
}

async function memory({ quick }: Bench): Promise<Row[]> {
  const times = quick ? 2 : 5;
  const empty = median(await fresh<number>("memory", ["empty"], times));
  const rounds = (await fresh<number>("memory", ["training"], times)).map((most) => most - empty);
  return [
    {
      name: "memory, lstm 128,64,100,32, above an empty worker",
      unit: "MB",
      rounds,
      note: `an empty one: ${digits(empty)} MB with Node`,
      asked: [atMost(median(rounds), 60, "≤ 60 MB")],
    },
  ];
}
