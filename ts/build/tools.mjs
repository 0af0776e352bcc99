// @ts-check
/** What the build's steps share: running a program, saying how long it took, hashing files. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A reason to stop that needs no stack trace. */
export class BuildError extends Error {}

/**
 * Runs a program in the root; its output is shown when it fails.
 * @param {string} program @param {string[]} args @param {Record<string, string>} [env] added to the environment
 * @returns {string} its standard output
 */
export function run(program, args, env) {
  const options = { cwd: root, env: { ...process.env, ...env }, maxBuffer: 1 << 30 };
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, { ...options, encoding: "utf8" });
  if (error) throw new BuildError(`${program}: ${error.message}`);
  if (status !== 0)
    throw new BuildError(`${stdout}${stderr}\n${program} ${args.join(" ")} failed (${signal ?? status})`);
  return stdout;
}

/** Where npm put a package's program. @param {string} name */
export const npmProgram = (name) => join(root, "node_modules/.bin", name);

/**
 * Says what is done, then how long it took and what came of it.
 * @param {string} what @param {() => string | void | Promise<string | void>} work
 */
export async function step(what, work) {
  const start = performance.now();
  process.stdout.write(`${what} ... `);
  try {
    const result = await work();
    console.log(`${((performance.now() - start) / 1000).toFixed(1)} s${result ? `: ${result}` : ""}`);
  } catch (error) {
    console.log("failed");
    throw error;
  }
}

/** All files at or below a path, sorted, relative to the root. @param {string} path @returns {string[]} */
export function filesOf(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  const entries = readdirSync(full, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

/** Of names and contents; a missing file counts as missing. @param {string[]} files @param {string[]} [more] */
export function hash(files, more = []) {
  const sum = createHash("sha256");
  for (const text of more) sum.update(`${text}\0`);
  for (const file of files) {
    const path = join(root, file);
    sum
      .update(`${file}\0`)
      .update(existsSync(path) ? readFileSync(path) : "missing")
      .update("\0");
  }
  return sum.digest("hex");
}
