// The build's own checks: each must be able to fail.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { countRust, countVitest } from "../../ts/build/checks.mjs";
import { checkSimd, vectorInstructions } from "../../ts/build/simd.mjs";
import { checkSizes } from "../../ts/build/sizes.mjs";
import { stage } from "../../ts/build/stamps.mjs";
import { npmProgram, root } from "../../ts/build/tools.mjs";

const folder = mkdtempSync(join(tmpdir(), "retrograd-build-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function assemble(name: string, text: string): string {
  const file = join(folder, `${name}.wasm`);
  writeFileSync(`${file}.wat`, text);
  execFileSync(npmProgram("wasm-as"), ["--all-features", `${file}.wat`, "-o", file]);
  return file;
}
const load = (at: number) => `(v128.load offset=${at} (local.get 0))`;
const module = (value: string) =>
  `(module (memory 1) (func (export "run") (param i32) (v128.store (local.get 0) ${value})))`;

describe("the search for vector instructions", () => {
  test("passes a kernel that multiplies and adds by four", () => {
    const file = assemble("vector", module(`(f32x4.add ${load(0)} (f32x4.mul ${load(16)} ${load(32)}))`));
    expect(Object.fromEntries(vectorInstructions(file))).toEqual({
      "v128.load": 3,
      "v128.store": 1,
      "f32x4.mul": 1,
      "f32x4.add": 1,
    });
    expect(checkSimd(file)).toBe("6 vector instructions, 1 of them f32x4.mul");
  });

  test("refuses a scalar kernel, whatever its names and texts say", () => {
    const text = `(data (i32.const 0) "(f32x4.mul\\0a(f32x4.add\\0a(v128.load\\0a (v128.store")`;
    const run = `(func $f32x4.add (export "(f32x4.mul") (param f32) (result f32) (f32.mul (local.get 0) (local.get 0)))`;
    const file = assemble("scalar", `(module (memory 1) ${text} ${run})`);
    expect(vectorInstructions(file).size).toBe(0);
    expect(() => checkSimd(file)).toThrow("has no f32x4.mul, f32x4.add, v128.load, v128.store");
  });

  test("refuses vectors without arithmetic, as of a copied memory", () => {
    expect(() => checkSimd(assemble("copy", module(load(0))))).toThrow("has no f32x4.mul, f32x4.add:");
  });

  test("refuses relaxed instructions", () => {
    const sum = `(f32x4.add ${load(0)} (f32x4.mul ${load(0)} ${load(0)}))`;
    const file = assemble("relaxed", module(`(f32x4.relaxed_madd ${sum} ${load(0)} ${load(0)})`));
    expect(() => checkSimd(file)).toThrow("relaxed instructions: f32x4.relaxed_madd");
    expect(checkSimd(file, { relaxed: true })).toContain("1 of them f32x4.relaxed_madd");
  });
});

test("the fast kernel is refused without the relaxed instruction, and with one that may hide a NaN", () => {
  const product = `(f32x4.mul ${load(0)} ${load(0)})`;
  const strict = assemble("strict", module(`(f32x4.add ${load(0)} ${product})`));
  expect(() => checkSimd(strict, { relaxed: true })).toThrow("has no f32x4.relaxed_madd");
  const sum = `(f32x4.add (f32x4.relaxed_madd ${load(0)} ${load(0)} ${load(0)}) ${product})`;
  const hiding = assemble("hiding", module(`(f32x4.relaxed_max ${sum} ${load(0)})`));
  expect(() => checkSimd(hiding, { relaxed: true })).toThrow("relaxed instructions: f32x4.relaxed_max");
});

test("sizes above the budget are refused, each by its name", () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  const noise = Uint8Array.from({ length: 3000 }, (_, i) => (i * i * 31 + i * 17) >> 3);
  const parts = { wasm: noise, fast: noise.subarray(0, 9), javascript: "a".repeat(5000), whole: "" };
  expect(() => checkSizes(parts, { wasm: 4, javascript: 1 })).not.toThrow();
  expect(() => checkSizes(parts, { wasm: 0.1, javascript: 1 })).toThrow(/^kernel \(wasm\): .* is above 0.1 kB$/);
  expect(() => checkSizes(parts, { wasm: 4, javascript: 0.01 })).toThrow(/^JavaScript: /);
});

test("a stage runs again when an input, a tool or an output has changed, and only then", async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  const at = (name: string) => join(folder, name);
  const from = (name: string) => relative(root, at(name));
  writeFileSync(at("in"), "1");
  let runs = 0;
  const go = (versions: string[]) => {
    const work = () => writeFileSync(at("out"), `made ${++runs}`);
    return stage({ name: "example", inputs: [from("in")], versions, outputs: [from("out")], work }, at("stamps.json"));
  };
  await go(["a"]);
  await go(["a"]);
  expect(runs).toBe(1);
  await go(["b"]);
  expect(runs).toBe(2);
  writeFileSync(at("in"), "2");
  await go(["b"]);
  expect(runs).toBe(3);
  writeFileSync(at("out"), "altered by hand");
  await go(["b"]);
  expect(runs).toBe(4);
  rmSync(at("out"));
  await go(["b"]);
  expect(runs).toBe(5);
  writeFileSync(at("stamps.json"), "{ half writ");
  await go(["b"]);
  expect(runs).toBe(6);
});

test("the counts of cargo's and wasm-bindgen's runners are summed", () => {
  const output = `running 2 tests
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

test result: FAILED. 3 passed; 4 failed; 0 ignored; 0 filtered out; finished in 2.53s
`;
  expect(countRust(output)).toEqual({ passed: 5, failed: 4, skipped: 1 });
  expect(countRust("no tests to run!")).toEqual({ passed: 0, failed: 0, skipped: 0 });
});

test("vitest's count has what was skipped, and a file that could not be read as a failure", () => {
  const file = join(folder, "vitest.json");
  const testResults = [
    { status: "failed", assertionResults: [] },
    { status: "passed", assertionResults: [{}] },
  ];
  const counts = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };
  writeFileSync(file, JSON.stringify({ ...counts, testResults }));
  expect(countVitest(file)).toEqual({ passed: 5, failed: 2, skipped: 3 });
  expect(countVitest(join(folder, "none.json"))).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
