import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { relaxedFlags } from "./ts/build/relaxed.mjs";

/** The built file itself, loaded by Node and not rewritten by vitest: what is tested is what is published. */
const retrograd = fileURLToPath(new URL("dist/index.js", import.meta.url));
const fast = fileURLToPath(new URL("dist/fast.js", import.meta.url));
const built = {
  resolve: { alias: { retrograd } },
  test: { server: { deps: { external: [/\/dist\/index\.js$/] } } },
};

export default defineConfig({
  test: {
    // Two cores: a training worker beside each test process is as much as they carry.
    maxWorkers: 2,
    projects: [
      // Pure TypeScript from ts/ and bench/, and the build's own helpers.
      { ...built, test: { ...built.test, name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 60_000 } },
      // The built package in Node.
      {
        ...built,
        test: {
          ...built.test,
          name: "api",
          include: ["test/api/**/*.test.ts"],
          exclude: ["test/api/fast.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // retrograd/fast: what does not depend on bits, over the kernel with relaxed SIMD.
      {
        resolve: { alias: { retrograd: fast } },
        test: {
          server: { deps: { external: [/\/dist\/fast\.js$/] } },
          name: "fast",
          include: ["fast", "fit", "metrics", "predict", "pytorch", "resume", "steps", "text", "workers"].map(
            (name) => `test/api/${name}.test.ts`,
          ),
          execArgv: [...relaxedFlags],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // The built package in Chromium, from a loopback server.
      { test: { name: "browser", include: ["test/browser/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 60_000 } },
    ],
  },
});
