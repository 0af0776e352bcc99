/** Geometric means over the rows of steps, as the project asks for them. */
import { atLeast, type Row } from "../bench.js";
import { verdict } from "../report.js";
import { digits, median } from "../table.js";
import { label, largest, nine } from "../task.js";

export function means(rows: readonly Row[]): string[] {
  const list = [
    mean(rows, "tfjs wasm", nine.map(label), 25),
    mean(rows, "torch 1", [...nine, largest].map(label), 0.92),
  ];
  return list.filter((line) => line !== undefined);
}

/** Of the strict kernel's ratios of medians to one rival. */
function mean(rows: readonly Row[], name: string, tasks: readonly string[], target: number): string | undefined {
  const ratios = rows
    .filter((row) => tasks.some((task) => row.name === `${task} kernel`))
    .flatMap((row) => {
      const rival = row.rivals?.find((s) => s.name === name);
      return rival ? [median(rival.rounds) / median(row.rounds)] : [];
    });
  if (ratios.length === 0) return undefined;
  const figure = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  // Of some rows alone the mean is another one.
  const asked = ratios.length === tasks.length ? `; ${verdict(atLeast(figure, target, `≥ ${target} ×`))}` : "";
  return `Geometric mean over ${ratios.length} of ${tasks.length} rows: ${digits(figure)} × ${name}${asked}`;
}
