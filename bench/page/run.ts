/**
 * Serves page.ts on the loopback, and measures in a headless Chromium (CHROME_PATH, or Debian's):
 *   ./build.sh node ts/build/run.mjs bench/page/run.ts [--quick] [--only WORD]
 * or, for any browser, waits with the address printed until Ctrl-C:
 *   ./build.sh node ts/build/run.mjs bench/page/run.ts --serve
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { builds, partsOf, root } from "../inside/tree.js";
import { commitOf, describe, machine } from "../machine.js";
import type { Results } from "./page.js";

const { values } = parseArgs({
  options: { quick: { type: "boolean" }, only: { type: "string" }, serve: { type: "boolean" } },
});
const here = { ...machine(), commit: commitOf(root) };
console.log(`commit ${here.commit}\n${describe(here)}`);

const files: Record<string, () => Promise<string | Buffer>> = {
  "/": async () =>
    '<!doctype html><meta charset="utf-8"><title>Retrograd</title><body><script type="module" src="/page.js"></script>',
  "/page.js": program,
  "/parts.js": () => partsOf(root),
  "/retrograd.js": () => readFile(join(root, "dist/index.js")),
  "/kernel.wasm": () => readFile(join(root, builds.strict)),
  "/strict.wasm": () => readFile(join(root, "bench/peak/strict.wasm")),
  "/relaxed.wasm": () => readFile(join(root, "bench/peak/relaxed.wasm")),
};
const types: Record<string, string> = { js: "text/javascript", wasm: "application/wasm" };

const server = await listen();
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
if (values.serve) console.log(`${address} or ${address}?quick — Ctrl-C ends it`);
else {
  try {
    await measure();
  } finally {
    server.close();
  }
}

async function measure(): Promise<void> {
  const executablePath = process.env.CHROME_PATH ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run"] });
  try {
    const page = await browser.newPage();
    const words = new URLSearchParams({
      ...(values.quick && { quick: "" }),
      ...(values.only && { only: values.only }),
    });
    await page.goto(`${address}?${words}`);
    const results = (await page.evaluate("globalThis.finished")) as Results;
    console.log(`\n${results.text}`);
    const folder = join(root, "bench/results");
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `page-${here.date.replace(/[:.]/g, "-")}.json`);
    writeFileSync(file, `${JSON.stringify({ machine: here, quick: values.quick ?? false, ...results }, null, 2)}\n`);
    console.log(`\nAll rounds: ${relative(process.cwd(), file)}`);
  } finally {
    await browser.close();
  }
}

function listen(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = (request.url ?? "/").split("?")[0]!;
    try {
      const file = files[path];
      if (!file) return void response.writeHead(404).end();
      // Isolated, its clock is ten times finer. The package does not need it.
      response.setHeader("cross-origin-opener-policy", "same-origin");
      response.setHeader("cross-origin-embedder-policy", "require-corp");
      response.setHeader("content-type", types[path.split(".")[1] ?? ""] ?? "text/html");
      response.end(await file());
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

async function program(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, "bench/page/page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    alias: { retrograd: "/retrograd.js" },
    external: ["/retrograd.js"],
  });
  return outputFiles[0]!.text;
}
