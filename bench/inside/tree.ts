/**
 * Takes a kernel out of a built tree: this one, or another commit's. Each call loads an instance of its own, so that two
 * commits, or two builds of one, fit into one process.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Bare, type Parts } from "./bare.js";

/** This repository. Programs run from a folder .run/ beside their source. */
export const root = above(fileURLToPath(import.meta.url));

function above(path: string): string {
  const folder = dirname(path);
  return existsSync(join(folder, "build.sh")) && existsSync(join(folder, "crates")) ? folder : above(folder);
}

/** What build.sh makes; the second is there when a tree has a relaxed build. */
export const builds = { strict: "build/retrograd.wasm", relaxed: "build/fast.wasm" } as const;

const parts = `
  export { load } from "./ts/kernel/load.js";
  export { encodingOf } from "./ts/data/encoding.js";
  export { encodeSamples, encodeStream } from "./ts/data/samples.js";
`;

/** A module's source with what Bare needs of a tree. */
export async function partsOf(tree: string): Promise<string> {
  const there = ([, file]: readonly string[]) => existsSync(join(tree, `ts/worker/${file}.ts`));
  const own = [["OwnLosses", "ownLosses"] as const, ["Asking", "asking"] as const].filter(there);
  const contents = parts + own.map(([name, file]) => `export { ${name} } from "./ts/worker/${file}.js";`).join("");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: tree, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}

let instances = 0;

/** Throws where the tree is not built, or its wasm is refused here. */
export async function openKernel(tree: string = root, file: string = builds.strict): Promise<Bare> {
  const source = `${await partsOf(tree)}\n// instance ${++instances}: each address is a module of its own`;
  const address = `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`;
  const loaded = (await import(address)) as Parts;
  return new Bare(loaded, await WebAssembly.compile(await readFile(join(tree, file))));
}
