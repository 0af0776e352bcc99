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
/** The kernel twice: the one with the same bits everywhere, and that of `retrograd/fast` with relaxed SIMD. */
const builds = [
  { name: "kernel", folder: "build/wasm", kernel: "build/retrograd.wasm", bundle: "dist/index.js", relaxed: false },
  { name: "fast kernel", folder: "build/wasm-fast", kernel: "build/fast.wasm", bundle: "dist/fast.js", relaxed: true },
];
/** Of both, but for its name the same. */
const glue = ["build/wasm/retrograd.js", "build/wasm/retrograd.d.ts"];

/**
 * Panic texts name source files: as they are called in every checkout, not in this one. Added to .cargo/config.toml's flags.
 * @param {boolean} relaxed
 */
function flagsOf(relaxed) {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  const sources = join(cargoHome, "registry/src");
  const registries = existsSync(sources) ? readdirSync(sources).map((name) => join(sources, name)) : [];
  const names = [...registries.map((path) => [path, "registry"]), [root.replace(/\/$/, ""), "retrograd"]];
  const flags = names.map(([path, name]) => `--remap-path-prefix=${path}=${name}`);
  if (relaxed) flags.push("-C", "target-feature=+relaxed-simd");
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

  for (const { name, folder, kernel, relaxed } of builds) {
    const compiled = `${folder}/retrograd_bg.wasm`;
    await stage({
      name,
      inputs: crates,
      versions: [...versions, profile],
      outputs: [compiled, `${folder}/retrograd.js`, `${folder}/retrograd.d.ts`],
      work: () => {
        const flags = ["--mode", "no-install", "--target", "web", "--release", "--no-pack"];
        const place = ["--out-dir", at(folder), "--out-name", "retrograd"];
        run("wasm-pack", ["build", at("crates/wasm"), ...flags, ...place, "--", "--locked", ...flagsOf(relaxed)]);
        return checkSimd(compiled, { relaxed });
      },
    });
    await stage({
      name: relaxed ? "wasm-opt, fast" : "wasm-opt",
      inputs: [compiled, ...packages],
      outputs: [kernel],
      work: () => {
        // -O2 gives the smallest file; no other is faster (bench/README.md, Tried). By name, instances of one generic are neighbours, and compress better. Low
        // memory is the far end of the stack. No --all-features: the module names those it uses, and Node 20 refuses the others.
        // A function with one caller stays a function: with all tiles of the product in one, V8 ran out of registers, and a
        // step took a tenth longer (and the file is smaller for it).
        const flags = [
          "--one-caller-inline-max-function-size=0",
          ...["-O2", "--converge", "--low-memory-unused", "--reorder-functions-by-name"],
        ];
        run(npmProgram("wasm-opt"), [...flags, compiled, "-o", `${kernel}.new`]);
        const [before, after] = [gzipped(readFileSync(at(compiled))), gzipped(readFileSync(at(`${kernel}.new`)))];
        const helps = after < before;
        if (helps) renameSync(at(`${kernel}.new`), at(kernel));
        else copyFileSync(at(compiled), at(kernel));
        const sizes = `${before} → ${after} bytes gzipped${helps ? "" : ", not smaller: left out"}`;
        return `${sizes}; ${checkSimd(kernel, { relaxed })}`;
      },
    });
  }
  for (const file of glue) {
    const twin = file.replace("build/wasm/", "build/wasm-fast/");
    if (readFileSync(at(file), "utf8") !== readFileSync(at(twin), "utf8"))
      throw new BuildError(`${file} and ${twin} differ: both kernels are to have one glue`);
  }

  const sources = ["api", "data", "kernel", "worker"].flatMap((folder) => filesOf(`ts/${folder}`));
  const tops = filesOf("ts").filter((file) => /^ts\/[^/]+\.ts$/.test(file));
  const inputs = [...sources, ...tops, ...packages, "tsconfig.json", ...glue];

  for (const { kernel, bundle, relaxed } of builds) {
    await stage({
      name: relaxed ? "fast package" : "package",
      inputs: [...inputs, kernel],
      versions,
      outputs: relaxed ? [bundle] : [bundle, "build/own.js"],
      work: async () => {
        const { code, own } = await bundlePackage({ wasm: kernel, relaxed });
        mkdirSync(at("dist"), { recursive: true });
        writeFileSync(at(bundle), code);
        if (!relaxed) writeFileSync(at("build/own.js"), own); // for the sizes of the next run
      },
    });
  }

  await stage({
    name: "declarations",
    inputs,
    versions,
    outputs: ["dist/index.d.ts", "dist/fast.d.ts"],
    work: declare,
  });

  checkSizes({
    wasm: readFileSync(at("build/retrograd.wasm")),
    fast: readFileSync(at("build/fast.wasm")),
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
