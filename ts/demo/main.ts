/**
 * The demo: networks learn real data in about a minute and a half, and a report shows what came of it.
 *   npm run demo                       npm run demo -- --picture ts/demo/report.svg   also the picture of the README
 */
import { writeFile } from "node:fs/promises";
import { demo } from "./demo.js";
import { picture } from "./report.js";

const results = await demo();
const [option, pictureFile] = process.argv.slice(2);
if (option === "--picture" && pictureFile) await writeFile(pictureFile, picture(results));
