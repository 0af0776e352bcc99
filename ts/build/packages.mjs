// @ts-check
/** npm ci in a folder whose node_modules is missing or was made from another package-lock.json.   node packages.mjs FOLDER */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { hash, root, run, step } from "./tools.mjs";

/** @param {string} folder relative to the root */
export async function packages(folder) {
  const stamp = join(root, folder, "node_modules/.lock-hash");
  const wanted = hash([join(folder, "package-lock.json")]);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  await step(`npm packages of ${folder === "." ? "retrograd" : folder}`, () => {
    // No package here needs its install script: programs come inside packages.
    run("npm", ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund"]);
    writeFileSync(stamp, wanted);
  });
}

if (resolve(process.argv[1] ?? "") === fileURLToPath(import.meta.url)) {
  try {
    await packages(process.argv[2] ?? ".");
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
