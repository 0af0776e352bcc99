// @ts-check
/** Builds dist/ from crates/ and ts/; build.sh calls it when the tools are there. A stage whose inputs are unchanged is skipped. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { bundlePackage } from "./bundle.mjs";
import { declare } from "./declarations.mjs";
import { checkSimd } from "./simd.mjs";
import { checkSizes, gzipped } from "./sizes.mjs";
import { stage } from "./stamps.mjs";
import { BuildError, filesOf, npmProgram, root, run } from "./tools.mjs";

const at = (/** @type {string} */ path) => join(root, path);

const crates = [...filesOf("crates"), "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo/config.toml"];
const packages = ["package.json", "package-lock.json", ...filesOf("ts/build")];
const description = "ts/api/description.gen.ts";
/** What ts/api/options.md, which readers find in the repository, is to be: `npm run docs` copies it. */
const options = "build/options.md";
const compiled = "build/wasm/retrograd_bg.wasm";
const glue = ["build/wasm/retrograd.js", "build/wasm/retrograd.d.ts"];
const kernel = "build/retrograd.wasm";

/** Panic texts name source files: as they are called in every checkout, not in this one. Added to .cargo/config.toml's flags. */
function anywhere() {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const sources = join(cargoHome, "registry/src");
  const registries = existsSync(sources) ? readdirSync(sources).map((name) => join(sources, name)) : [];
  const names = [...registries.map((path) => [path, "registry"]), [root.replace(/\/$/, ""), "retrograd"]];
  const flags = names.map(([path, name]) => `--remap-path-prefix=${path}=${name}`);
  return ["--config", `target.wasm32-unknown-unknown.rustflags=${JSON.stringify(flags)}`];
}

async function main() {
  const rustc = run("rustc", ["--version", "--verbose"]);
  const versions = [rustc, process.version];
  const profile = run("wasm-pack", ["--version"]) + run("wasm-bindgen", ["--version"]);

  await stage({
    name: "descriptions",
    inputs: crates,
    versions,
    outputs: [description, options],
    work: () => {
      const describe = ["run", "--locked", "--quiet", "--package", "train", "--bin", "describe"];
      writeFileSync(at(description), run("cargo", describe));
      mkdirSync(at("build"), { recursive: true });
      writeFileSync(at(options), run("cargo", [...describe, "--", "--markdown"]));
    },
  });

  await stage({
    name: "kernel",
    inputs: crates,
    versions: [...versions, profile],
    outputs: [compiled, ...glue],
    work: () => {
      const flags = ["--mode", "no-install", "--target", "web", "--release", "--no-pack"];
      const place = ["--out-dir", at("build/wasm"), "--out-name", "retrograd"];
      run("wasm-pack", ["build", at("crates/wasm"), ...flags, ...place, "--", "--locked", ...anywhere()]);
      return checkSimd(compiled);
    },
  });

  await stage({
    name: "wasm-opt",
    inputs: [compiled, ...packages],
    outputs: [kernel],
    work: () => {
      // For size: of speed, -O3 gave no more. By name, instances of one generic are neighbours, and compress better. Low
      // memory is the far end of the stack. No --all-features: the module names those it uses, and Node 20 refuses the others.
      const flags = ["-Oz", "--converge", "--low-memory-unused", "--reorder-functions-by-name"];
      run(npmProgram("wasm-opt"), [...flags, compiled, "-o", `${kernel}.new`]);
      const [before, after] = [gzipped(readFileSync(at(compiled))), gzipped(readFileSync(at(`${kernel}.new`)))];
      const helps = after < before;
      if (helps) renameSync(at(`${kernel}.new`), at(kernel));
      else copyFileSync(at(compiled), at(kernel));
      return `${before} → ${after} bytes gzipped${helps ? "" : ", not smaller: left out"}; ${checkSimd(kernel)}`;
    },
  });

  const sources = ["api", "data", "kernel", "worker"].flatMap((folder) => filesOf(`ts/${folder}`));
  const tops = filesOf("ts").filter((file) => /^ts\/[^/]+\.ts$/.test(file));
  const inputs = [...sources, ...tops, ...packages, "tsconfig.json", ...glue];

  await stage({
    name: "package",
    inputs: [...inputs, kernel],
    versions,
    outputs: ["dist/index.js", "build/own.js"],
    work: async () => {
      const { code, own } = await bundlePackage(kernel);
      mkdirSync(at("dist"), { recursive: true });
      writeFileSync(at("dist/index.js"), code);
      writeFileSync(at("build/own.js"), own); // for the sizes of the next run
    },
  });

  await stage({ name: "declarations", inputs, versions, outputs: ["dist/index.d.ts"], work: declare });

  checkSizes({
    wasm: readFileSync(at(kernel)),
    javascript: readFileSync(at("build/own.js"), "utf8"),
    whole: readFileSync(at("dist/index.js"), "utf8"),
  });
}

try {
  await main();
} catch (error) {
  // Of an expected failure (a compiler's, a budget's) the text says all; a stack would hide it.
  console.error(error instanceof BuildError ? `\n${error.message}` : error);
  process.exitCode = 1;
}
