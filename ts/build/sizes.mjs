// @ts-check
/** What a visitor downloads, and the most that it may be. */
import { gzipSync } from "node:zlib";
import { BuildError } from "./tools.mjs";

/** The budget: kilobytes (1000 bytes) gzipped. Raised on purpose, with a line in the changelog, or not at all. */
export const budget = { wasm: 330, javascript: 42 };

const kilobytes = (/** @type {number} */ bytes) => (bytes / 1000).toFixed(1);

/** @param {Uint8Array | string} content */
export const gzipped = (content) => gzipSync(content, { level: 9 }).length;

/**
 * Prints the sizes; throws when one is above its budget.
 * @param {{ wasm: Uint8Array, fast: Uint8Array, javascript: string, whole: string }} parts
 * `javascript`: without the kernel's base64; `whole`: what is published
 * @param {{ wasm: number, javascript: number }} [most]
 */
export function checkSizes({ wasm, fast, javascript, whole }, most = budget) {
  /** @type {[string, Uint8Array | string, number | undefined][]} */
  const rows = [
    ["kernel (wasm)", wasm, most.wasm],
    ["fast kernel (wasm)", fast, most.wasm],
    ["JavaScript", javascript, most.javascript],
    ["dist/index.js, both", whole, undefined],
  ];
  const over = [];
  for (const [name, content, limit] of rows) {
    const gz = gzipped(content);
    const raw = typeof content === "string" ? Buffer.byteLength(content) : content.length;
    const note = limit === undefined ? "" : `, budget ${limit} kB`;
    console.log(
      `  ${name.padEnd(20)} ${kilobytes(raw).padStart(7)} kB, gzipped ${kilobytes(gz).padStart(6)} kB${note}`,
    );
    if (limit !== undefined && gz > limit * 1000)
      over.push(`${name}: ${kilobytes(gz)} kB gzipped is above ${limit} kB`);
  }
  if (over.length) throw new BuildError(over.join("\n"));
}
