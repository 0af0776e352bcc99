/** A real panic, of the kernel as it is built: its text comes out through the glue, and not only "unreachable". */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { encodeText, Vocabulary } from "../../../ts/data/text.js";
import { judge, Trap } from "../../../ts/kernel/guard.js";
import { load } from "../../../ts/kernel/load.js";
import { Status } from "../../../ts/kernel/session.js";

const module = new WebAssembly.Module(readFileSync(new URL("../../../build/retrograd.wasm", import.meta.url)));

/** What is thrown by a run that takes the share of a worker it does not have, which the API cannot do. */
function thrown(): unknown {
  const kernel = load(module);
  const vocabulary = ["a", "b"];
  const layers = [{ kind: "gru", hiddenSize: 4 }, { kind: "dense" }];
  const model = kernel.Model.create(JSON.stringify({ input: { vocabulary }, layers }));
  const text = encodeText("ab".repeat(80), new Vocabulary(vocabulary));
  const run = JSON.stringify({ steps: 5, batchSize: 8, window: 4 });
  const data = new kernel.Reader(text.length);
  data.feed(text);
  const session = kernel.Session.fit(model, data, run, undefined, JSON.stringify({ workers: 2, index: 0 }));
  expect(session.run(1)).toBe(Status.needsGradients);
  try {
    session.take(2, new Float32Array(0));
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("a panic of the kernel", () => {
  it("is a trap with the panic's text and place", () => {
    const verdict = judge(thrown());
    expect(verdict).toBeInstanceOf(Trap);
    expect(verdict.record).toEqual({
      class: "WorkerError",
      code: "panic",
      message: expect.stringMatching(/^the kernel failed: panicked at crates\/\w+\/src\/.*\.rs:\d+:\d+:\n.+/),
    });
  });

  it("has the import through which its text leaves", () => {
    const names = WebAssembly.Module.imports(module).map(({ name }) => name);
    expect(names).toContainEqual(expect.stringContaining("retrogradPanic"));
  });
});
