/**
 * npm run bench: how fast Retrograd is, as shares of this machine's peak and beside other libraries.
 *   npm run bench -- --quick              within two minutes
 *   npm run bench -- --only WORD          only the measurements with that in their name; more than once: with any of them
 *   npm run bench -- --rivals WORD        only the libraries with that in their title, as "PyTorch"; "none" for none of them
 *   npm run bench -- --against COMMIT     the kernel of this tree beside another commit's
 * What is measured, and how to read it: README.md beside this file.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { against } from "./against.js";
import { Bench, type Row } from "./bench.js";
import { root } from "./inside/tree.js";
import { commitOf, describe, machine } from "./machine.js";
import { peakLines, report } from "./report.js";
import { openRivals } from "./rivals/all.js";
import { measurements } from "./rows/all.js";
import { means } from "./rows/means.js";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    only: { type: "string", multiple: true },
    rivals: { type: "string" },
    against: { type: "string" },
  },
});
const { quick = false, only = [] } = values;
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const here = { ...machine(), commit: commitOf(root) };

console.log(`\nRetrograd ${version}, commit ${here.commit}\n${describe(here)}`);
if (values.against === undefined) await whole();
else save("against", await against(values.against, { quick, only }));

async function whole(): Promise<void> {
  const chosen = measurements.filter(({ name, slow }) =>
    only.length ? only.some((word) => name.includes(word)) : !(slow && quick),
  );
  if (chosen.length === 0)
    throw new Error(`--only ${only.join(" --only ")}: there are ${measurements.map((m) => m.name).join(" · ")}`);
  const rivals = await openRivals((line) => console.log(line), values.rivals);
  for (const { name, version, about } of rivals) console.log(`${name}: ${version}, ${about}`);
  const bench = await Bench.open(quick, rivals);
  const rows: Row[] = [];
  const left: string[] = [];
  let stopped = false;
  process.once("SIGINT", () => {
    stopped = true;
    process.stdout.write("(after this one the table; again: none) ");
  });
  for (const measurement of chosen) {
    if (stopped || bench.over) {
      left.push(measurement.name);
      continue;
    }
    const begun = performance.now();
    process.stdout.write(`${measurement.name} ... `);
    try {
      rows.push(...(await measurement.run(bench)));
      console.log(`${((performance.now() - begun) / 1000).toFixed(1)} s`);
    } catch (error) {
      console.log("failed");
      bench.faults.push(`FAILED: ${measurement.name}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  for (const rival of rivals) rival.close?.();

  if (bench.hurried.size)
    bench.remarks.push(`Measured without other libraries, for want of time: ${[...bench.hurried].join(" · ")}`);
  if (left.length) bench.remarks.push(`Not measured, for want of time: ${left.join(" · ")}`);
  const lines = [...peakLines(bench), ...means(rows), ...bench.remarks, ...bench.faults];
  console.log(`\n${report(bench, rows)}\n\n${lines.join("\n")}`);
  if (bench.faults.length) process.exitCode = 1;
  save("bench", {
    rivals: rivals.map(({ name, version, about }) => ({ name, version, about })),
    peaks: Object.fromEntries([...bench.peaks].map(([simd, { best }]) => [simd, best])),
    rows,
    lines,
  });
}

function save(name: string, results: object): void {
  const folder = join(root, "bench/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${here.date.replace(/[:.]/g, "-")}.json`);
  writeFileSync(file, `${JSON.stringify({ machine: here, version, quick, only, ...results }, null, 2)}\n`);
  console.log(`\nAll rounds: ${relative(process.cwd(), file)}`);
}
