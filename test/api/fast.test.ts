/** retrograd/fast: refused where the engine lacks relaxed SIMD; elsewhere its models say what arithmetic moved them. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadModel, type Model, readSafetensors } from "retrograd";
import { describe, expect, it } from "vitest";
import { hasRelaxed } from "../../ts/build/relaxed.mjs";
import { classifier, gestures, kept, make, summer, sums } from "./support.js";

const here = hasRelaxed();
const file = (name: string) => new URL(`../../dist/${name}.js`, import.meta.url).href;
const run = promisify(execFile);

/** The other package, in a process of its own: one kernel a process is as much as the alias of these tests allows. */
async function elsewhere(name: "index" | "fast", body: string, flags: readonly string[] = []): Promise<string> {
  const program = `import * as r from ${JSON.stringify(file(name))};\n${body}`;
  const { stdout } = await run(process.execPath, [...flags, "--input-type=module", "-e", program], { timeout: 30_000 });
  return stdout.trim();
}

const note = async (model: Model) => {
  const bytes = await model.save();
  const length = new DataView(bytes.buffer).getUint32(0, true);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))).__metadata__.arithmetic;
};

// Both projects run this file: on the strict kernel without the flag, and on the relaxed one with it.
describe.runIf(!here)("an engine without relaxed SIMD", () => {
  it("is told so by a typed error, and the strict package works in it", async () => {
    const body = (then: string) => `
      const model = { input: { size: 1 }, layers: [r.gru({ hiddenSize: 2 }), r.dense()], output: { at: "last", size: 1 } };
      await r.createModel(model).then(${then});`;
    const told = await elsewhere("fast", body("() => {}, (e) => console.log(e.name, e.code, e.message)"));
    expect(told).toMatch(
      /^WorkerError noRelaxedSimd retrograd\/fast: this engine has no relaxed SIMD .*import "retrograd"/,
    );
    expect(await elsewhere("index", body('(m) => m.dispose().then(() => console.log("fine"))'))).toBe("fine");
  });
});

describe.runIf(here)("the arithmetic that moved the weights", () => {
  it("is written into the file, shown, and warned of where a run changes it", async () => {
    const model = await make(classifier);
    expect(await note(model)).toBe("strict"); // not trained yet
    await model.fit(gestures(12), { epochs: 2 });
    expect(await note(model)).toBe("relaxed");
    expect(model.summary()).toContain("relaxed arithmetic");
    const again = kept(await loadModel(await model.save()));
    expect((await again.resume(gestures(12), { epochs: 3 })).warnings).toEqual([]);

    const path = fileURLToPath(new URL("../../build/fast-test.retro", import.meta.url));
    const { writeFile, rm } = await import("node:fs/promises");
    await writeFile(path, await model.save());
    const data = JSON.stringify(gestures(12));
    const resumed = await elsewhere(
      "index",
      `import { readFileSync } from "node:fs";
       const model = await r.loadModel(readFileSync(${JSON.stringify(path)}));
       console.log((await model.resume(${data}, { epochs: 3 })).warnings.join());
       await model.dispose();`,
    ).finally(() => rm(path));
    expect(resumed).toMatch(/begun in relaxed arithmetic and goes on in strict/);
  });

  it("changes bits, and nothing that can be seen", async () => {
    const model = await make(summer);
    await model.fit(sums(20), { epochs: 5 });
    const body = `
      const model = await r.loadModel(Uint8Array.from(JSON.parse(process.env.FILE)));
      await model.fit(JSON.parse(process.env.DATA), { epochs: 5 });
      console.log(JSON.stringify(Object.entries(await model.parameters()).map(([n, t]) => [n, [...t.data]])));
      await model.dispose();`;
    const fresh = await make(summer);
    process.env.FILE = JSON.stringify([...(await fresh.save())]);
    process.env.DATA = JSON.stringify(sums(20));
    const strict = new Map<string, number[]>(JSON.parse(await elsewhere("index", body)));
    let differ = 0;
    for (const [name, { data }] of Object.entries(await model.parameters())) {
      strict.get(name)!.forEach((value, i) => {
        if (value !== data[i]) differ++;
        expect(Math.abs(value - data[i]!)).toBeLessThan(1e-4);
      });
    }
    expect(differ, "the relaxed kernel is another one").toBeGreaterThan(0);
    expect(Object.keys(readSafetensors(await model.save({ training: false })))).toContain("0.weight_hh_l0");
  });
});
