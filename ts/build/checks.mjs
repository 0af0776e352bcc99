// @ts-check
/** What `npm test` runs, in this order, and how each runner's count of tests is read. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "./chromium.mjs";
import { relaxedFlags } from "./relaxed.mjs";
import { filesOf, npmProgram, root } from "./tools.mjs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Count */
/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string} program
 * @property {string[]} args
 * @property {() => Promise<Record<string, string>>} [environment] added to this one's
 * @property {(output: string) => Count} [count] of a runner of tests
 */

export const vitestReport = "build/vitest.json";

/** The crates whose tests run in WebAssembly too, with the SIMD kernels. */
const onWasm = ["linalg", "rnn", "optim", "train"];
const target = "--target wasm32-unknown-unknown";
/** For `retrograd/fast`: added to the flags of .cargo/config.toml; a Node that has relaxed SIMD needs no flag for it. */
const relaxed = {
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: [
    process.env.CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS ?? "", // Debian's linker
    "-C target-feature=+relaxed-simd",
  ].join(" "),
  NODE_ARGS: relaxedFlags.join(" "),
};
/** Both builds of a crate stay. */
const apart = "--target-dir target/relaxed";
/** Each has a tsconfig.json. */
const projects = [".", "test", "ts/build", "ts/demo", "bench"];

/** @param {string} name @param {string} line @returns {Check} */
const cargo = (name, line) => ({ name, program: "cargo", args: line.split(" ") });
/** @param {string} name @param {string} program @param {string} line @returns {Check} */
const npm = (name, program, line) => ({ name, program: npmProgram(program), args: line.split(" ") });

/** @returns {Check[]} */
export function checks() {
  const packages = onWasm.map((crate) => `-p ${crate}`).join(" ");
  const written = projects.filter((path) => path === "." || filesOf(path).some((file) => /\.m?[jt]s$/.test(file)));
  return [
    cargo("format of Rust", "fmt --all --check"),
    cargo("lint of Rust", "clippy --quiet --locked --workspace --all-targets -- -D warnings"),
    // The vector code is compiled for wasm alone.
    cargo("lint of Rust as wasm", `clippy --quiet --locked ${target} ${packages} -p wasm --all-targets -- -D warnings`),
    npm("format and lint of TypeScript", "biome", "check --error-on-warnings"),
    ...written.map((path) => npm(`types of ${path}`, "tsc", `-p ${path}`)),
    { ...cargo("tests of Rust", "test --quiet --locked --workspace"), count: countRust },
    ...onWasm.map((crate) => ({
      ...cargo(`tests of Rust as wasm: ${crate}`, `test --locked ${target} -p ${crate} --tests`),
      count: countRust,
    })),
    ...onWasm.slice(0, 2).map((crate) => ({
      ...cargo(`tests of Rust as relaxed wasm: ${crate}`, `test --locked ${target} ${apart} -p ${crate} --tests`),
      environment: async () => relaxed,
      count: countRust,
    })),
    {
      ...npm(
        "tests of TypeScript",
        "vitest",
        `run --reporter=default --reporter=json --outputFile.json=${vitestReport}`,
      ),
      environment: browser,
      count: () => countVitest(),
    },
  ];
}

/** @returns {Promise<Record<string, string>>} */
async function browser() {
  const chromium = await findChromium();
  if ("path" in chromium) return { CHROME_PATH: chromium.path };
  console.log(`The tests in a browser are skipped: ${chromium.reason}.`);
  return { RETROGRAD_NO_BROWSER: chromium.reason };
}

/** Sums the lines that cargo's harness and wasm-bindgen's close with. @param {string} output @returns {Count} */
export function countRust(output) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    sum.passed += Number(passed);
    sum.failed += Number(failed);
    sum.skipped += Number(ignored);
  }
  return sum;
}

/** Of the report that vitest has written; tests of a browser that is not there are among the skipped. @returns {Count} */
export function countVitest(path = join(root, vitestReport)) {
  if (!existsSync(path)) return { passed: 0, failed: 0, skipped: 0 };
  const report = JSON.parse(readFileSync(path, "utf8"));
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests: pending, numTodoTests: todo } = report;
  /** A file that could not be loaded fails without a test of its own. @type {{ status: string, assertionResults: unknown[] }[]} */
  const files = report.testResults;
  const unread = files.filter(({ status, assertionResults }) => status === "failed" && assertionResults.length === 0);
  return { passed, failed: failed + unread.length, skipped: pending + todo };
}
