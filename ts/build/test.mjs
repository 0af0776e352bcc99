// @ts-check
/**
 * The whole check, on what build.sh has built. Every step runs, whatever failed before it; the last line sums the tests
 * that all runners counted.   npm test           all of it
 *                             npm test -- wasm   only the steps with that word in their name
 */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checks, vitestReport } from "./checks.mjs";
import { root } from "./tools.mjs";

/** Shows the output as it comes and returns it. @param {import("./checks.mjs").Check} check @returns {Promise<{ status: number, output: string }>} */
async function perform({ program, args, environment }) {
  const env = { ...process.env, ...(await environment?.()) };
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        process.stdout.write(text);
      });
    }
    child.on("error", ({ message }) => resolve({ status: 127, output: message }));
    child.on("close", (code) => resolve({ status: code ?? 1, output }));
  });
}

mkdirSync(join(root, "build"), { recursive: true });
rmSync(join(root, vitestReport), { force: true });
const word = process.argv[2] ?? "";
const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const broken = [];

for (const check of checks().filter(({ name }) => name.includes(word))) {
  console.log(`\n── ${check.name}`);
  const start = performance.now();
  const { status, output } = await perform(check);
  let ok = status === 0;
  if (check.count) {
    const { passed, failed, skipped } = check.count(output);
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    // A runner that ran nothing has shown nothing, whatever it returned.
    if (passed + failed === 0) console.log("no test was run");
    ok &&= passed > 0 && failed === 0;
  }
  if (!ok) broken.push(check.name);
  console.log(`── ${ok ? "done" : "FAILED"} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

if (broken.length) console.log(`\nFailed: ${broken.join("; ")}`);
// A broken format, lint or type check is no test, but the last line must not look better than the run was.
const failed = Math.max(total.failed, broken.length);
console.log(`\n${total.passed} passed, ${failed} failed, ${total.skipped} skipped`);
process.exitCode = broken.length ? 1 : 0;
