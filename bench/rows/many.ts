/** Many small models at once: in one worker, beside each other, against one worker each. In fresh processes. */
import type { Bench, Measurement, Row } from "../bench.js";
import { fresh } from "../fresh/fresh.js";
import { digits, median } from "../table.js";

interface Many {
  open: number;
  epoch: number;
  memory: number;
}

/** A hundred workers take seconds and gigabytes. */
export const many: Measurement = { name: "100 small models, lstm 8", slow: true, run: measure };

async function measure({ quick }: Bench): Promise<Row[]> {
  const beside: Many[] = [];
  const each: Many[] = [];
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    beside.push(...(await fresh<Many>("many", ["beside"], 1)));
    each.push(...(await fresh<Many>("many", ["each"], 1)));
  }
  const row = (what: keyof Many, words: string, unit: Row["unit"]): Row => ({
    name: `100 small models in one worker, ${words}`,
    unit,
    rounds: beside.map((run) => run[what]),
    note: `one worker each: ${digits(median(each.map((run) => run[what])))} ${unit}`,
  });
  return [
    row("open", "opening them", "ms"),
    row("epoch", "an epoch of each", "ms"),
    row("memory", "memory with Node", "MB"),
  ];
}
