// @ts-check
/**
 * Counts the vector instructions of a WebAssembly module from Binaryen's text of it. A RUSTFLAGS in the environment
 * or a changed .cargo/config.toml silently gives a scalar kernel, right and several times slower: the build must not pass.
 */
import { BuildError, npmProgram, run } from "./tools.mjs";

// In Binaryen's text each instruction opens a line or a folded operand: `(f32x4.mul`. Names and data are in quotes or
// begin with `$`, so that an opening parenthesis before a vector type is an instruction and nothing else.
const instruction = /^\s*\((v128|[if](?:8x16|16x8|32x4|64x2))\.([a-z0-9_]+)/;

/**
 * @param {string} file a module
 * @returns {Map<string, number>} instruction → how often
 */
export function vectorInstructions(file) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const line of run(npmProgram("wasm-dis"), ["--all-features", file]).split("\n")) {
    const match = instruction.exec(line);
    if (!match) continue;
    const name = `${match[1]}.${match[2]}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** What the kernels cannot do without: four products and four sums at a time. */
const needed = ["f32x4.mul", "f32x4.add", "v128.load", "v128.store"];

/** The relaxed instruction that is wanted; the others may hide a NaN. */
const fused = "f32x4.relaxed_madd";

/**
 * @param {string} file @param {{ relaxed?: boolean }} [wanted]
 * @returns {string} a line about what is there
 * @throws when a needed instruction is not, or a relaxed one is that was not wanted
 */
export function checkSimd(file, { relaxed: wanted = false } = {}) {
  const counts = vectorInstructions(file);
  const missing = needed.filter((name) => !counts.has(name));
  if (missing.length) {
    throw new BuildError(
      `${file} has no ${missing.join(", ")}: built without +simd128? See .cargo/config.toml, and RUSTFLAGS.`,
    );
  }
  if (wanted && !counts.has(fused)) throw new BuildError(`${file} has no ${fused}: built without +relaxed-simd?`);
  // Their bits differ between engines, and Node 20 refuses them.
  const relaxed = [...counts.keys()].filter((name) => name.includes("relaxed") && !(wanted && name === fused));
  if (relaxed.length) throw new BuildError(`${file} has relaxed instructions: ${relaxed.join(", ")}`);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const main = wanted ? fused : "f32x4.mul";
  return `${total} vector instructions, ${counts.get(main)} of them ${main}`;
}
