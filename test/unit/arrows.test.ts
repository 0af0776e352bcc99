// The lint rules that hold the arrows between the folders of ts/: each must bite, and let through what is allowed.
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const biome = join(root, "node_modules/.bin/biome");

const refused: [file: string, from: string][] = [
  ["ts/errors.ts", "./api/model.js"],
  ["ts/data/a.ts", "../api/model.js"],
  ["ts/data/a.ts", "../worker/host.js"],
  ["ts/data/a.ts", "node:fs"],
  ["ts/kernel/a.ts", "../worker/host.js"],
  ["ts/kernel/a.ts", "../data/bundle.js"],
  ["ts/worker/a.ts", "../api/model.js"],
  ["ts/worker/a.ts", "node:worker_threads"],
  ["ts/api/a.ts", "../kernel/model.js"],
  ["ts/api/a.ts", "../index.js"],
  ["ts/index.ts", "./kernel/model.js"],
  ["ts/demo/a.ts", "../api/model.js"],
  ["test/api/a.ts", "../../ts/index.js"],
  ["bench/a.ts", "../ts/worker/host.js"],
];
const allowed: [file: string, from: string][] = [
  ["ts/data/a.ts", "../errors.js"],
  ["ts/kernel/a.ts", "../../build/wasm/retrograd.js"],
  ["ts/worker/a.ts", "../kernel/session.js"],
  ["ts/worker/a.ts", "../data/bundle.js"],
  ["ts/api/a.ts", "../worker/host.js"],
  ["ts/index.ts", "./api/model.js"],
  ["bench/inside/a.ts", "../../ts/kernel/load.js"],
  ["ts/demo/a.ts", "node:fs"],
  ["ts/demo/a.ts", "retrograd"],
];

let folder = "";
/** One run of Biome over all the examples: file → the rules it breaks. */
const broken = new Map<string, string[]>();
const name = (file: string, at: number) => file.replace(/a\.ts$/, `a${at}.ts`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "retrograd-arrows-"));
  await copyFile(join(root, "biome.jsonc"), join(folder, "biome.jsonc"));
  for (const [at, [file, from]] of [...refused, ...allowed].entries()) {
    const path = join(folder, name(file, at));
    await mkdir(dirname(path), { recursive: true });
    // Two examples may share a file (index.ts): its lines then follow one another.
    await writeFile(path, `import "${from}";\n`, { flag: "a" });
  }
  const options = ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none", "."];
  const report = await new Promise<string>((resolve) => {
    execFile(biome, options, { cwd: folder }, (_, stdout) => resolve(stdout));
  });
  for (const { category, location } of JSON.parse(report).diagnostics) {
    broken.set(location.path, [...(broken.get(location.path) ?? []), category]);
  }
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(refused.map(([file, from], at) => [name(file, at), from]))("%s may not import %s", (file, from) => {
  const rule = from.startsWith("node:") ? "lint/correctness/noNodejsModules" : "lint/style/noRestrictedImports";
  expect(broken.get(file)).toContain(rule);
});

test.each(allowed.map(([file, from], at) => [name(file, refused.length + at), from]))(
  "%s may import %s",
  (file, from) => {
    const count = file === "ts/index.ts" ? 1 : 0; // only the refused line above
    expect(broken.get(file)?.filter((rule) => /noRestricted|noNodejs/.test(rule)).length ?? 0, from).toBe(count);
  },
);
