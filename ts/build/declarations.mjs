// @ts-check
/** dist/index.d.ts: the types of ts/index.ts in one file, without those of the worker and the kernel behind them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { BuildError, npmProgram, root, run } from "./tools.mjs";

const folder = "build/types";

export async function declare() {
  const emit = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", folder];
  run(npmProgram("tsc"), ["-p", "tsconfig.json", ...emit]);
  const bundle = await rollup({
    input: join(root, folder, "index.d.ts"),
    plugins: [dts()],
    onwarn: (warning) => {
      throw new BuildError(`declarations: ${warning.message}`);
    },
  });
  const { output } = await bundle.generate({ format: "es" });
  const [{ code, imports }] = output;
  if (imports.length) throw new BuildError(`dist/index.d.ts would import ${imports.join(", ")}`);
  // The package's users need not have Node's types.
  if (/\bNodeJS\.|\bBuffer\b|types="node"/.test(code)) throw new BuildError("dist/index.d.ts names a type of Node");
  // AsyncDisposable is younger than most projects' `lib`.
  writeFileSync(join(root, "dist/index.d.ts"), `/// <reference lib="esnext.disposable" />\n${code}`);
  // The same, over the other kernel.
  writeFileSync(join(root, "dist/fast.d.ts"), 'export * from "./index.js";\n');
}
