// @ts-check
/** The package as one file: the worker's source and the kernel inside ts/index.ts, so that no bundler has to find them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";
import { BuildError, root } from "./tools.mjs";

/** Deno finds the types by this when it imports the file itself. */
const firstLine = '/* @ts-self-types="./index.d.ts" */';

/** @type {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  metafile: true,
  write: false,
  legalComments: "eof", // comlink's licence asks for it
  logLevel: "silent",
};

/**
 * @param {import("esbuild").BuildOptions} options
 * @returns {Promise<string>} the code, which imports nothing
 */
async function bundle(options) {
  const { outputFiles, metafile, warnings } = await build({ ...common, ...options }).catch(
    (/** @type {Error} */ error) => {
      throw new BuildError(error.message);
    },
  );
  if (warnings.length)
    throw new BuildError(warnings.map(({ text, location }) => `${location?.file}: ${text}`).join("\n"));
  const [code] = outputFiles ?? [];
  if (!code) throw new BuildError("esbuild made nothing");
  for (const { imports } of Object.values(metafile?.outputs ?? {})) {
    for (const { path, kind } of imports)
      throw new BuildError(`${options.entryPoints}: ${kind} of ${path} is left in the bundle`);
  }
  return squeeze(code.text, options.format !== "iife");
}

/**
 * Terser after esbuild: some 4 % less, gzipped. In lines: of an error that nobody catches, Node prints the line that threw
 * it, which must not be the one with the kernel in it. In ASCII: one character beyond makes V8 hold two bytes for each, and
 * an import take a sixth longer.
 * @param {string} code
 * @param {boolean} module of which terser drops "use strict"
 */
async function squeeze(code, module) {
  const format = { comments: /@license|Copyright|@ts-self-types/, max_line_len: 500, ascii_only: true };
  const smaller = await minify(code, { module, ecma: 2020, compress: { passes: 3 }, format });
  if (!smaller.code) throw new BuildError("terser made nothing");
  return `${smaller.code}\n`;
}

/**
 * @param {{ wasm: string, relaxed: boolean }} kernel the optimised module
 * @returns {Promise<{ code: string, own: string }>} the whole file; the same without the kernel's base64
 */
export async function bundlePackage({ wasm, relaxed }) {
  // A script, not a module: see ts/worker/spawn.ts.
  const worker = await bundle({ entryPoints: ["ts/worker/entry.ts"], format: "iife" });
  // Deflated before it is base64: what a server compresses again is a quarter smaller than the base64 of the module itself.
  const base64 = deflateRawSync(readFileSync(join(root, wasm)), { level: 9 }).toString("base64");
  const code = await bundle({
    entryPoints: ["ts/index.ts"],
    banner: { js: relaxed ? firstLine.replace("index", "fast") : firstLine },
    define: {
      __RETROGRAD_WORKER__: JSON.stringify(worker),
      __RETROGRAD_WASM__: JSON.stringify(base64),
      __RETROGRAD_RELAXED__: String(relaxed),
    },
  });
  const parts = code.split(base64);
  if (parts.length !== 2) throw new BuildError(`the kernel is ${parts.length - 1} times in the bundle`);
  const own = parts.join("");
  // esbuild reports imports with a fixed name; these forms are left to the text, where minified code has no comments.
  const left = /\bimport\s*(?:\.\s*meta|\()/.exec(own);
  if (left) throw new BuildError(`\`${left[0]}\` in the bundle: it breaks bundlers, or \`require\` of the package`);
  if (/__RETROGRAD_/.test(own))
    throw new BuildError("a name that the build should have replaced is left in the bundle");
  return { code, own };
}
