// The tarball as npm would publish it, installed into a project that knows nothing else.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
let project = "";

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "retrograd-packed-"));
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", project], { cwd: root });
  const [tarball] = await readdir(project);
  const place = join(project, "node_modules/retrograd");
  await mkdir(place, { recursive: true });
  await run("tar", ["-xzf", join(project, tarball!), "-C", place, "--strip-components=1"]);
});
afterAll(() => rm(project, { recursive: true, force: true }));

/** Trains, prints, and is expected to end by itself. */
const body = `
  const model = await createModel({ input: { size: 1 }, layers: [lstm({ hiddenSize: 4 }), dense()], output: { at: "last", size: 1 } });
  const { epochs } = await model.fit({ x: [[[1], [2]], [[3], [4]]], y: [1, 2] }, { epochs: 3 });
  console.log(epochs.length);
  await model.dispose();`;

async function node(file: string, text: string): Promise<string> {
  await writeFile(join(project, file), text);
  const { stdout, stderr } = await run(process.execPath, [file], { cwd: project, timeout: 30_000 });
  expect(stderr).toBe("");
  return stdout;
}

test("holds the built file, its types and the texts, and nothing else", async () => {
  const files = await readdir(join(project, "node_modules/retrograd"), { recursive: true });
  const expected = [
    ...[
      "LICENSE",
      "README.md",
      "bench",
      "bench/README.md",
      "bench/problems",
      "bench/problems/README.md",
      "dist",
      "dist/fast.d.ts",
      "dist/fast.js",
      "dist/index.d.ts",
      "dist/index.js",
    ],
    ...[
      "package.json",
      "ts",
      "ts/api",
      "ts/api/data.md",
      "ts/api/memory.md",
      "ts/api/methods.md",
      "ts/api/options.md",
      "ts/demo",
      "ts/demo/report.svg",
    ],
  ];
  expect(files.sort()).toEqual(expected);
});

test("import", async () => {
  const text = `import { createModel, dense, lstm } from "retrograd";${body}`;
  expect(await node("main.mjs", text)).toBe("3\n");
});

test("require", async () => {
  const text = `const { createModel, dense, lstm } = require("retrograd"); (async () => {${body}})();`;
  expect(await node("main.cjs", text)).toBe("3\n");
});

test.each([
  ["README.md", 3],
  ["ts/api/data.md", 2],
])("the programs of %s, as they stand", async (file, count) => {
  const text = await readFile(join(root, file), "utf8");
  const programs = [...text.matchAll(/```js\n(.*?)```/gs)].map((found) => found[1]!);
  expect(programs).toHaveLength(count);
  for (const [k, program] of programs.entries()) {
    const lines = (await node(`program${k}.mjs`, program)).trim().split("\n");
    // The last lines are those that the program says it prints.
    const said = [...program.matchAll(/console\.log\(.*\); \/\/ (.*)/g)].map((found) => found[1]);
    expect(said.length).toBeGreaterThan(0);
    expect(lines.slice(-said.length)).toEqual(said);
  }
});

test("the table of options in the repository is the one the kernel goes by", async () => {
  const [written, made] = await Promise.all(
    ["ts/api/options.md", "build/options.md"].map((f) => readFile(join(root, f), "utf8")),
  );
  expect(written, "out of date: npm run docs").toBe(made);
});

test("types, under each way of resolving modules that TypeScript has", async () => {
  const text = `import { createModel, lstm, type Model } from "retrograd";
export const model: Promise<Model> = createModel({ input: { size: 1 }, layers: [lstm({ hiddenSize: 4 })] });
// @ts-expect-error a layer has no such option
lstm({ hiddenSize: 4, nonsense: true });`;
  await writeFile(join(project, "main.mts"), text);
  for (const [module, moduleResolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    // The declarations themselves are checked too (skipLibCheck is off), with no types of Node about.
    const lib = ["es2022", "dom", "esnext.disposable"];
    const compilerOptions = { noEmit: true, strict: true, target: "es2022", lib, types: [], module, moduleResolution };
    await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.mts"] }));
    const tsc = join(root, "node_modules/.bin/tsc");
    const complaints = await run(tsc, ["-p", project]).then(
      () => "",
      (error: { stdout: string }) => error.stdout,
    );
    expect(complaints).toBe("");
  }
}, 120_000);
