/** An engine without relaxed SIMD is told so by retrograd/fast. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { hasRelaxed } from "../../ts/build/relaxed.mjs";

const run = promisify(execFile);

async function program(name: "index" | "fast", then: string): Promise<string> {
  const file = new URL(`../../dist/${name}.js`, import.meta.url).href;
  const text = `import * as r from ${JSON.stringify(file)};
    const model = { input: { size: 1 }, layers: [r.gru({ hiddenSize: 2 }), r.dense()], output: { at: "last", size: 1 } };
    await r.createModel(model).then(${then});`;
  return (await run(process.execPath, ["--input-type=module", "-e", text], { timeout: 30_000 })).stdout.trim();
}

test("retrograd/fast opens where there is relaxed SIMD and is a typed error elsewhere; the strict package works in both", async () => {
  const opened = '(m) => m.dispose().then(() => console.log("fine"))';
  const told = await program("fast", `${opened}, (e) => console.log(e.name, e.code, e.message)`);
  if (hasRelaxed()) expect(told).toBe("fine");
  else
    expect(told).toMatch(
      /^WorkerError noRelaxedSimd retrograd\/fast: this engine has no relaxed SIMD .*import "retrograd"/,
    );
  expect(await program("index", opened)).toBe("fine");
});
