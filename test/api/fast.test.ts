/** retrograd/fast says what arithmetic moved a model's weights. Run with the fast package in place of the other. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadModel, type Model, readSafetensors } from "retrograd";
import { describe, expect, it } from "vitest";
import { classifier, gestures, kept, make, summer, sums } from "./support.js";

const strict = new URL("../../dist/index.js", import.meta.url).href;
const run = promisify(execFile);

/** The strict package, in a process of its own: one kernel a process is as much as the alias of these tests allows. */
async function elsewhere(body: string): Promise<string> {
  const program = `import * as r from ${JSON.stringify(strict)};\n${body}`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { timeout: 30_000 });
  return stdout.trim();
}

const note = async (model: Model) => {
  const bytes = await model.save();
  const length = new DataView(bytes.buffer).getUint32(0, true);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))).__metadata__.arithmetic;
};

describe("the arithmetic that moved the weights", () => {
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
    const strict = new Map<string, number[]>(JSON.parse(await elsewhere(body)));
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
