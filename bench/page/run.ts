/**
 * Serves page.ts on the loopback, and measures in a headless browser (CHROME_PATH, FIREFOX_PATH, or on the PATH):
 *   ./build.sh node ts/build/run.mjs bench/page/run.ts [--quick] [--only WORD] [--browser firefox] [--js-flags "V8'S"]
 * or, for any browser, waits with the address printed until Ctrl-C:
 *   ./build.sh node ts/build/run.mjs bench/page/run.ts --serve
 * The page posts its results when it is finished: not every browser can be driven.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../inside/tree.js";
import { commitOf, describe, machine } from "../machine.js";
import { chromium, firefox } from "./browsers.js";
import type { Results } from "./page.js";
import { serve } from "./serve.js";

/** Minutes after which a browser is ended, finished or not. Nine rows take it two on an idle machine. */
const LIMIT = 20;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    serve: { type: "boolean", default: false },
    browser: { type: "string", default: "chromium" },
    "js-flags": { type: "string" },
  },
});
const { quick, only, browser, "js-flags": jsFlags } = values;
const here = { ...machine(), commit: commitOf(root) };

try {
  await main();
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  if (browser !== "chromium" && browser !== "firefox")
    throw new Error(`--browser: expected chromium or firefox, got ${browser}`);
  if (jsFlags !== undefined && (values.serve || browser === "firefox"))
    throw new Error("--js-flags: only a Chromium that is started here takes them");
  console.log(`commit ${here.commit}\n${describe(here)}`);
  if (values.serve) {
    const { address } = await serve(save, (message) => console.error(`The page failed: ${message}`));
    console.log(`${address} or ${address}?quick — Ctrl-C ends it`);
    return;
  }
  console.log(`in ${browser}${jsFlags === undefined ? "" : ` --js-flags=${jsFlags}`}`);
  save(await measure(browser));
}

async function measure(browser: "chromium" | "firefox"): Promise<Results> {
  let [finished, failed]: [(results: Results) => void, (error: Error) => void] = [() => {}, () => {}];
  const results = new Promise<Results>((resolve, reject) => {
    [finished, failed] = [resolve, reject];
  });
  results.catch(() => {}); // It may be before anyone waits.
  const { address, close } = await serve(finished, (message) => failed(new Error(`The page failed: ${message}`)));
  const limit = setTimeout(
    () => failed(new Error(`${browser} did not finish within ${LIMIT} minutes`)),
    LIMIT * 60_000,
  );
  try {
    const words = new URLSearchParams({ ...(quick && { quick: "" }), ...(only && { only }) });
    const url = `${address}?${words}`;
    const opened = await (browser === "firefox" ? firefox(url) : chromium(url, jsFlags));
    try {
      return await Promise.race([results, opened.lost]);
    } finally {
      await opened.close();
    }
  } finally {
    clearTimeout(limit);
    close();
  }
}

function save(results: Results): void {
  console.log(`\n${results.text}`);
  const folder = join(root, "bench/results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `page-${new Date().toISOString().replace(/[:.]/g, "-")}.json`);
  const started = values.serve ? undefined : { browser, jsFlags };
  writeFileSync(file, `${JSON.stringify({ machine: here, quick, only, started, ...results }, null, 2)}\n`);
  console.log(`\nAll rounds: ${relative(process.cwd(), file)}`);
}
