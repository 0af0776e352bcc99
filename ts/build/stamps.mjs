// @ts-check
/** Skips a stage whose inputs and outputs are those of the last time, by content: dates mean nothing after a clone. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BuildError, hash, root, step } from "./tools.mjs";

const stamps = join(root, "build/stamps.json");

/** @param {string} path @returns {Record<string, { inputs: string, outputs: string }>} */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {}; // none yet, or half written: everything is built again
  }
}

/**
 * @param {{ name: string, inputs: string[], versions?: string[], outputs: string[], work: () => string | void | Promise<string | void> }} stage
 * `versions`: of the tools, which count as inputs. `outputs` must exist when the work is done.
 * @param {string} [path] where the stamps are kept
 */
export async function stage({ name, inputs, versions = [], outputs, work }, path = stamps) {
  const before = hash(inputs, versions);
  const known = read(path)[name];
  if (known?.inputs === before && known.outputs === hash(outputs)) {
    console.log(`${name}: unchanged`);
    return;
  }
  await step(name, work);
  for (const file of outputs) if (!existsSync(join(root, file))) throw new BuildError(`${name} did not make ${file}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ ...read(path), [name]: { inputs: before, outputs: hash(outputs) } }, null, 2));
}
