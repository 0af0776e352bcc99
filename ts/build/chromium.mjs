// @ts-check
/** A Chromium for the tests in a page: the one named by CHROME_PATH, an installed one, or (as root on Debian) a new one. */
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, step } from "./tools.mjs";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** @param {string} program @returns {string | undefined} */
function onPath(program) {
  const paths = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, program));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function installed() {
  const named = process.env.CHROME_PATH;
  if (named) return existsSync(named) ? named : undefined;
  return names.map(onPath).find((path) => path);
}

/** @returns {Promise<{ path: string } | { reason: string }>} where it is, or why there is none */
export async function findChromium() {
  const found = installed();
  if (found) return { path: found };
  if (process.env.CHROME_PATH) return { reason: `CHROME_PATH names ${process.env.CHROME_PATH}, which does not exist` };
  if (!onPath("apt-get") || process.getuid?.() !== 0) {
    return {
      reason: "no Chromium: install it, or name one by CHROME_PATH (only root on Debian gets it installed here)",
    };
  }
  try {
    await step("Chromium (Debian's package)", () => {
      const environment = { DEBIAN_FRONTEND: "noninteractive" };
      run("apt-get", ["update"], environment);
      run("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], environment);
    });
  } catch (error) {
    return {
      reason: `Chromium could not be installed: ${error instanceof Error ? error.message.trim().split("\n").pop() : error}`,
    };
  }
  const path = installed();
  return path ? { path } : { reason: "Debian's chromium package brought no program" };
}
