/** Installs and opens all that is compared with; says in a plain line which cannot be. */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { root } from "../inside/tree.js";
import { brain } from "./brain.js";
import { jax } from "./jax.js";
import type { Rival } from "./rival.js";
import { tensorflow } from "./tensorflow.js";
import { torch } from "./torch.js";

/** Names a Python that has torch. */
const PYTHON = "RETROGRAD_PYTHON";

/** @param only those with this word in their title; all without it. */
export async function openRivals(say: (line: string) => void, only = ""): Promise<Rival[]> {
  const install = spawnSync(process.execPath, ["ts/build/packages.mjs", "bench"], { cwd: root, stdio: "inherit" });
  if (install.status !== 0) say("npm ci in bench/ FAILED: its libraries cannot be measured here.");
  const openings: [string, () => Promise<Rival>][] = [
    ["TensorFlow.js wasm", () => tensorflow("wasm")],
    ["TensorFlow.js cpu", () => tensorflow("cpu")],
    ["brain.js", brain],
    ["jax-js", jax],
  ];
  const python = process.env[PYTHON];
  if (python) {
    openings.push(["PyTorch, one thread", () => torch(python, 1)]);
    const threads = availableParallelism();
    if (threads > 1) openings.push(["PyTorch, all threads", () => torch(python, threads)]);
  } else say(`PyTorch is not measured: ${PYTHON} names no Python that has torch.`);
  const rivals: Rival[] = [];
  for (const [name, open] of openings.filter(([title]) => title.includes(only))) {
    try {
      rivals.push(await open());
    } catch (error) {
      say(`${name} CANNOT BE MEASURED HERE: ${error instanceof Error ? error.message : error}`);
    }
  }
  return rivals;
}
