/** What happens once in a process: the start, and the memory it comes to hold. */
import { atMost, type Bench, type Measurement, type Row } from "../bench.js";
import { code, memoryOf, type Training, total } from "../formula.js";
import { fresh } from "../fresh/fresh.js";
import { digits, median } from "../table.js";
import { label, large, largest, middle } from "../task.js";

export const once: Measurement[] = [
  { name: "cold start, lstm 64,32,50,8", run: start },
  { name: "memory of training", run: memory },
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

/** The first is the size that the project has a figure for; the others are those that show most of the formula. */
const trainings: readonly Training[] = [
  { ...middle[0]!, numLayers: 1 },
  { ...large[0]!, numLayers: 1 },
  { ...large[1]!, numLayers: 2 },
  { ...largest, numLayers: 1 },
];
/** Tells what the code takes. */
const little: Training = { cell: "lstm", shape: { hiddenSize: 32, batch: 32, steps: 50, inputs: 8 }, numLayers: 1 };

async function memory({ quick }: Bench): Promise<Row[]> {
  const times = quick ? 3 : 5;
  const trained = (training: Training) => fresh<number>("memory", [JSON.stringify(training)], times);
  const empty = median(await fresh<number>("memory", ["empty"], times));
  const measured = median(await trained(little)) - bytesOf(little) / 1e6 - empty;
  const rows: Row[] = [];
  for (const training of quick ? trainings.slice(0, 2) : trainings) {
    const rounds = (await trained(training)).map((most) => most - empty);
    const predicted = (bytesOf(training) + code) / 1e6;
    const ratio = median(rounds) / predicted;
    const layers = training.numLayers > 1 ? `, ${training.numLayers} layers` : "";
    rows.push({
      name: `memory, ${label(training)}${layers}, above an empty worker`,
      unit: "MB",
      rounds,
      note: `${digits(ratio)} × the formula's ${digits(predicted)}, its ${digits(code / 1e6)} for code are ${digits(measured)} here; an empty one: ${digits(empty)} MB with Node`,
      asked: [
        ...(training === trainings[0] ? [atMost(median(rounds), 60, "≤ 60 MB")] : []),
        atMost(Math.abs(ratio - 1), 0.05, "the formula ± 5 %"),
      ],
    });
  }
  return rows;
}

/** The kernel's, and what the data are beside it: the user's own, and a copy on its way. */
function bytesOf(training: Training): number {
  const { batch, steps, inputs } = training.shape;
  return total(memoryOf(training)) + 2 * 4 * batch * steps * inputs;
}
