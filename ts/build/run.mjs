// @ts-check
/**
 * Runs a TypeScript program of the repository on the built package:   node ts/build/run.mjs ts/demo/main.ts [arguments]
 * (Node 20 cannot read TypeScript.) The program's own files are bundled beside it; `retrograd` and npm packages are not.
 */
import { spawn } from "node:child_process";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./tools.mjs";

const [entry, ...rest] = process.argv.slice(2);
if (!entry) throw new Error("which program? node ts/build/run.mjs FILE.ts [arguments]");

// Beside the entry, so that a folder with its own node_modules (bench/) finds them.
const output = join(dirname(resolve(entry)), ".run", `${basename(entry, ".ts")}.mjs`);
await build({
  entryPoints: [resolve(entry)],
  outfile: output,
  bundle: true,
  packages: "external",
  // In a folder with its own package.json the name alone would mean nothing.
  alias: { retrograd: pathToFileURL(join(root, "dist/index.js")).href },
  external: ["file:*"],
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  logLevel: "warning",
});

// What this Node was started with, V8's flags above all, is meant for the program.
const child = spawn(process.execPath, [...process.execArgv, "--enable-source-maps", output, ...rest], {
  stdio: "inherit",
});
child.on("exit", (code, signal) => {
  process.exitCode = code ?? 1;
  if (signal) console.error(`ended by ${signal}`);
});
// Ctrl-C reaches the child by itself; waiting lets it clean up and keeps its last words in order.
process.on("SIGINT", () => {});
