import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GOLDEN } from "../golden.js";
import type { Outcome } from "./pages/train.js";
import type { Outcome as Shared } from "./pages/workers.js";
import { type Site, serve } from "./serve.js";

// npm test finds or installs a browser and names it; alone, vitest takes Debian's.
const missing = process.env.RETROGRAD_NO_BROWSER;
const chromium = process.env.CHROME_PATH ?? "/usr/bin/chromium";

describe.skipIf(missing)("the built file in Chromium", () => {
  let site: Site;
  beforeAll(async () => {
    site = await serve(chromium);
  });
  afterAll(() => site?.close());

  test("trains in a worker under a strict policy, without cross-origin isolation", async () => {
    const { result, complaints } = await site.open("train");
    const { losses, before, after, ended, isolated } = result as Outcome;
    expect(complaints).toEqual([]);
    expect(isolated).toBe(false);
    expect(losses).toHaveLength(60);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 10);
    // A saved model is the same model, bit for bit.
    expect(after).toEqual(before);
    // The page's own thread went on while the worker trained: a page that is held never gets to stop the run.
    expect(ended).toBe("stopped");
  });

  test("trains to the same bits as Node and the native build", async () => {
    const { result, complaints } = await site.open("golden");
    expect(complaints).toEqual([]);
    expect(result).toBe(GOLDEN);
  });

  test.each([
    ["workers", false],
    ["workers?isolated", true],
  ])("trains to the same bits on any number of workers: %s", async (name, isolates) => {
    const { result, complaints } = await site.open(name);
    const { isolated, weights } = result as Shared;
    expect(complaints).toEqual([]);
    expect(isolated).toBe(isolates);
    expect(weights[1]).toEqual(weights[0]);
  });
});
