/**
 * The demo: networks learn real data in about a minute and a half, and a report shows what came of it.
 *   npm run demo                       npm run demo -- --picture ts/demo/report.svg   also the picture of the README
 */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { demand } from "./demand.js";
import { picture, reportHtml } from "./report.js";
import { heading, seconds } from "./say.js";
import { text } from "./text.js";
import { textbook } from "./textbook.js";

const start = performance.now();
const parts = { textbook: await textbook(), demand: await demand(), text: await text() };
const results = { ...parts, seconds: (performance.now() - start) / 1000 };
const file = resolve("demo-report.html");
await writeFile(file, reportHtml(results));
heading("The report");
console.log(`  ${file}\n  ${pathToFileURL(file)}\n  time in all ${seconds(start)}`);

const [option, pictureFile] = process.argv.slice(2);
if (option === "--picture" && pictureFile) await writeFile(pictureFile, picture(results));
