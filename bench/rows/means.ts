/** Geometric means over the rows of steps, as the project asks for them. */
import { atLeast, type Row } from "../bench.js";
import { verdict } from "../report.js";
import { digits, median } from "../table.js";
import { label, largest, nine, type Task } from "../task.js";

export function means(rows: readonly Row[]): string[] {
  const ten = [...nine, largest];
  const list = [
    mean(rows, { rival: "tfjs wasm", tasks: nine, kernel: "kernel", target: 25 }),
    mean(rows, { rival: "torch 1", tasks: ten, kernel: "kernel", target: 0.92 }),
    mean(rows, { rival: "torch 1", tasks: ten, kernel: "kernel, relaxed", target: 1.14 }),
  ];
  return list.filter((line) => line !== undefined);
}

interface Asking {
  rival: string;
  tasks: readonly Task[];
  /** How its rows are called after the task. */
  kernel: string;
  target: number;
}

/** Of ratios of medians. */
function mean(rows: readonly Row[], { rival, tasks, kernel, target }: Asking): string | undefined {
  const names = tasks.map((task) => `${label(task)} ${kernel}`);
  const ratios = rows
    .filter(({ name }) => names.includes(name))
    .flatMap((row) => {
      const other = row.rivals?.find((s) => s.name === rival);
      return other ? [median(other.rounds) / median(row.rounds)] : [];
    });
  if (ratios.length === 0) return undefined;
  const figure = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  // Of some rows alone the mean is another one.
  const asked = ratios.length === tasks.length ? `; ${verdict(atLeast(figure, target, `≥ ${target} ×`))}` : "";
  return `Geometric mean, ${kernel}, ${ratios.length} of ${tasks.length} rows: ${digits(figure)} × ${rival}${asked}`;
}
