// @ts-check
/** Skips a stage whose inputs and outputs are those of the last time, by content: dates mean nothing after a clone. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BuildError, hash, root, step } from "./tools.mjs";

const path = join(root, "build/stamps.json");

/** @returns {Record<string, { inputs: string, outputs: string }>} */
function read() {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return {}; // none yet, or half written: everything is built again
  }
}

/**
 * @param {{ name: string, inputs: string[], versions?: string[], outputs: string[], work: () => string | void | Promise<string | void> }} stage
 * `versions`: of the tools, which count as inputs. `outputs` must exist when the work is done.
 */
export async function stage({ name, inputs, versions = [], outputs, work }) {
  const before = hash(inputs, versions);
  const known = read()[name];
  if (known?.inputs === before && known.outputs === hash(outputs)) {
    console.log(`${name}: unchanged`);
    return;
  }
  await step(name, work);
  for (const file of outputs) if (!existsSync(join(root, file))) throw new BuildError(`${name} did not make ${file}`);
  mkdirSync(join(root, "build"), { recursive: true });
  writeFileSync(path, JSON.stringify({ ...read(), [name]: { inputs: before, outputs: hash(outputs) } }, null, 2));
}
