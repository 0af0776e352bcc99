/** The demo's three parts, and the report of them in a folder. */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { PLAN as DEMAND, demand } from "./demand.js";
import { type Results, reportHtml } from "./report.js";
import { heading, seconds } from "./say.js";
import { PLAN as TEXT, text } from "./text.js";
import { textbook } from "./textbook.js";

export const REPORT = "demo-report.html";

export async function demo(folder = ".", plans = { demand: DEMAND, text: TEXT }): Promise<Results> {
  const start = performance.now();
  const parts = { textbook: await textbook(), demand: await demand(plans.demand), text: await text(plans.text) };
  const results = { ...parts, seconds: (performance.now() - start) / 1000 };
  const file = resolve(join(folder, REPORT));
  await writeFile(file, reportHtml(results));
  heading("The report");
  console.log(`  ${file}\n  ${pathToFileURL(file)}\n  time in all ${seconds(start)}`);
  return results;
}
