/** Runs a program of this folder in a fresh process, again and again: what happens once a process cannot be measured twice in one. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "../inside/tree.js";
import { flags } from "../machine.js";

/** The program prints JSON; it is given the address of the built package, and `words`. */
export async function fresh<T>(program: string, words: readonly string[], times: number): Promise<T[]> {
  const file = join(root, `bench/.run/${program}.mjs`);
  await build({
    entryPoints: [join(root, `bench/fresh/${program}.ts`)],
    outfile: file,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "silent",
  });
  const address = pathToFileURL(join(root, "dist/index.js")).href;
  const run = () => execFileSync(process.execPath, [...flags, file, address, ...words], { encoding: "utf8" });
  return Array.from({ length: times }, () => JSON.parse(run()) as T);
}
