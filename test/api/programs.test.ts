/** The four programs that people want to write (test/programs), as they stand, on small made-up data. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import {
  createModel,
  dense,
  embedding,
  gru,
  loadModel,
  lstm,
  type ModelDescription,
  readSafetensors,
  writeSafetensors,
} from "retrograd";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { train } from "../programs/gestures.js";
import { kept, make, verse } from "./support.js";

let place = "";
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "retrograd-program-"));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const built = new URL("../../dist/index.js", import.meta.url).href;
const write = (name: string, content: string | Uint8Array) => writeFileSync(join(place, name), content);

/** Runs a program in a folder of its own. `changes` make its numbers smaller; each must be found. */
function run(name: string, prelude = "", changes: Record<string, string> = {}): { stdout: string; stderr: string } {
  let source = readFileSync(fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url)), "utf8");
  for (const [from, to] of Object.entries(changes)) {
    expect(source).toContain(from);
    source = source.replace(from, to);
  }
  const { code } = transformSync(source, { loader: "ts", format: "esm", target: "es2022" });
  write("program.mjs", code.replace('"retrograd"', JSON.stringify(built)));
  write("prelude.mjs", prelude);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "./prelude.mjs", "program.mjs"], {
    cwd: place,
    encoding: "utf8",
    timeout: 50_000,
  });
  expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  return { stdout, stderr };
}

it("gestures: a web developer classifies ragged gestures and saves the model", async () => {
  const sign = (i: number) => (i % 2 ? 1 : -1);
  const gestures = Array.from({ length: 40 }, (_, i) => ({
    name: i % 2 ? "swipe" : "circle",
    points: Array.from({ length: 5 + (i % 4) }, (_, t) => [
      Math.sin(i + t),
      sign(i) + 0.2 * Math.cos(t),
      t === 0 ? 1 : 0,
    ]),
  }));
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const bar = { value: 0 } as HTMLProgressElement;
  const blob = await train(gestures, bar, new AbortController().signal);
  const said = log.mock.calls;
  log.mockRestore();
  expect(bar.value).toBeGreaterThan(0);
  const epochs = said.slice(0, -1);
  expect(epochs.length).toBeGreaterThan(5);
  expect(epochs.at(-1)![2]).toBe(1); // accuracy
  expect(said.at(-1)).toEqual([expect.stringMatching(/finished|patience/), "circle", expect.any(Array)]);
  const { labels } = await kept(await loadModel(blob)).predict([gestures[1]!.points]);
  expect(labels).toEqual(["swipe"]);
});

it("lesson: a teacher compares optimisers, looks at gradients, learns online", () => {
  const { stdout } = run("lesson");
  const final = Object.fromEntries(
    [...stdout.matchAll(/^(descent|momentum|adam) ([\d.e-]+) /gm)].map(([, name, loss]) => [name, Number(loss)]),
  );
  expect(Object.keys(final)).toEqual(["descent", "momentum", "adam"]);
  for (const loss of Object.values(final)) expect(loss).toBeLessThan(0.45); // a guess of one half everywhere has 0.5
  expect(stdout.match(/Float32Array\(8\)/g)?.length).toBeGreaterThanOrEqual(3); // a norm for each of 8 steps
  expect([...stdout.matchAll(/^(\d+) Float32Array\(2\)/gm)].map(([, t]) => Number(t))).toEqual([
    0, 10, 20, 30, 40, 50, 60, 70, 80, 90,
  ]);
});

it("text: a researcher takes PyTorch's weights in and out, and writes in two streams", async () => {
  const characters = [...new Set(`${verse}To be, or abc`)].sort();
  const layers = [
    embedding({ units: 64, name: "encoder" }),
    lstm({ hiddenSize: 24, numLayers: 2, name: "rnn" }),
    dense({ name: "decoder" }),
  ];
  const torch = await make({ input: { vocabulary: characters }, layers, init: "pytorch", seed: 99 });
  write("vocab.json", JSON.stringify(characters));
  write("corpus.txt", verse.repeat(12));
  const before = await torch.parameters();
  write("char_lstm.safetensors", writeSafetensors(before));
  const prelude = "globalThis.myGradient = (raw) => ({ shape: raw.shape, data: Array.from(raw.data, () => 0.01) });";
  const { stdout } = run("text", prelude, {
    "hiddenSize: 256": "hiddenSize: 24",
    "steps: 20_000": "steps: 60",
    "workers: 4": "workers: 2",
  });
  const [shape] = stdout.match(/\[ 1, 9, \d+ \]/) ?? [];
  expect(shape).toBe(`[ 1, 9, ${characters.length} ]`);
  expect(stdout.length).toBeGreaterThan(800); // two streams of 400
  const after = readSafetensors(readFileSync(join(place, "tuned.safetensors")));
  expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
  expect([...after["decoder.bias"]!.data]).not.toEqual([...before["decoder.bias"]!.data]);
});

it("forecast: a script author forecasts a week and goes on with a run begun elsewhere", async () => {
  const day = (i: number) => new Date(Date.UTC(2024, 0, 1 + i)).toISOString().slice(0, 10);
  const row = (i: number) => ({ date: day(i), price: 10 + (i % 4), holiday: i % 30 === 0 ? 1 : 0 });
  const orders = (i: number) => Math.round(100 + 30 * Math.sin((2 * Math.PI * i) / 7) - 4 * (i % 4));
  const rows = Array.from({ length: 260 }, (_, i) => ({ ...row(i), orders: orders(i), visits: 2 * orders(i) }));
  const plan = Array.from({ length: 7 }, (_, i) => row(260 + i));
  // Begun in a tab, cut off at epoch 12.
  const input: ModelDescription["input"] = {
    series: {
      time: "date",
      target: ["orders"],
      past: ["visits"],
      known: ["price", "holiday"],
      calendar: ["dayOfWeek", "dayOfYear"],
      window: 56,
      horizon: 7,
    },
  };
  const begun = await make({ input, layers: [gru({ hiddenSize: 12 }), dense()] });
  await begun.fit(rows, { epochs: 12 });
  write("from-browser.retro", await begun.save());
  const csv = JSON.stringify({ "shop.csv": rows, "next-week.csv": plan });
  const { stdout, stderr } = run("forecast", `globalThis.readCsv = async (name) => (${csv})[name];`);
  const [forecast] = stdout.match(/Float32Array\(7\) \[[^\]]*\]/) ?? [];
  const values = [...forecast!.slice("Float32Array(7)".length).matchAll(/[\d.]+/g)].map(Number);
  expect(values).toHaveLength(7);
  for (const [i, value] of values.entries()) expect(Math.abs(value - orders(260 + i))).toBeLessThan(25);
  expect(stderr).toMatch(/epoch \d+\/100/);
  const shop = await loadModel(readFileSync(join(place, "shop.retro"))).then(kept);
  expect([...(await shop.forecast(rows, { known: plan })).orders!].map((v) => v.toFixed(3))).toEqual(
    values.map((v) => v.toFixed(3)),
  );
  expect(await createModel(shop.description).then(kept)).toMatchObject({ parameterCount: shop.parameterCount });
});
