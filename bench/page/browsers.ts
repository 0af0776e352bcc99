/** The browsers that run.ts starts, without a window and on a profile of their own, and ends. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { chromium as playwright } from "playwright-core";

export interface Opened {
  /** Rejects when the browser ends, or the page dies, of itself. */
  lost: Promise<never>;
  /** Ends it, and removes its profile. */
  close(): Promise<void>;
}

/** `jsFlags`: V8's. */
export async function chromium(address: string, jsFlags?: string): Promise<Opened> {
  const executablePath = find("Chromium", "CHROME_PATH", ["chromium"]);
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", ...(jsFlags ? [`--js-flags=${jsFlags}`] : [])];
  const browser = await playwright.launch({ executablePath, args });
  const page = await browser.newPage();
  const lost = new Promise<never>((_, reject) => {
    page.once("crash", () => reject(new Error("the page crashed")));
    browser.once("disconnected", () => reject(new Error("Chromium ended before the page was finished")));
  });
  await page.goto(address);
  return { lost, close: () => browser.close() };
}

/** A stock one, which playwright cannot drive. */
export async function firefox(address: string): Promise<Opened> {
  const program = find("Firefox", "FIREFOX_PATH", ["firefox-esr", "firefox"]);
  const profile = await mkdtemp(join(tmpdir(), "retrograd-firefox-"));
  const child = spawn(program, ["--headless", "--no-remote", "--profile", profile, address], { stdio: "ignore" });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`ended by ${signal ?? `itself, with code ${code}`}`));
  });
  // Ctrl-C reaches it as well; that this process lives on lets the profile be removed.
  process.once("SIGINT", () => child.kill());
  return {
    lost: ended.then((how) => {
      throw new Error(`${program} ${how} before the page was finished`);
    }),
    async close() {
      child.kill();
      await ended;
      // Its helpers end a moment after it, and may still write.
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

/** The program that `variable` names, or the first of `names` on the PATH. */
function find(browser: string, variable: string, names: readonly string[]): string {
  const named = process.env[variable];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const places = named ? [named] : names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const path = places.find((place) => existsSync(place));
  if (path) return path;
  throw new Error(
    named
      ? `${variable} names ${named}, which does not exist`
      : `no ${browser}: install it, or name one by ${variable}`,
  );
}
