/** What a model tells of itself, saving, loading, parameters, the end. */
import { readFileSync } from "node:fs";
import { createModel, dense, FormatError, loadModel, lstm, readSafetensors, writeSafetensors } from "retrograd";
import { describe, expect, it, vi } from "vitest";
import { bits, classifier, digest, gestures, kept, make, summer, sums } from "./support.js";

describe("a model", () => {
  it("tells its description with sizes and defaults filled in", async () => {
    const model = await make({
      input: { size: 3 },
      layers: [lstm({ hiddenSize: 4 }), dense()],
      output: { at: "last", classes: 5 },
    });
    expect(model.description).toMatchObject({
      input: { size: 3, scale: "none" },
      layers: [
        { kind: "lstm", hiddenSize: 4, numLayers: 1, forgetBias: 1 },
        { kind: "dense", units: 5 },
      ],
      loss: "crossEntropy",
      seed: 0,
    });
    expect(model.parameterCount).toBe(4 * 4 * (3 + 4 + 2) + 5 * 4 + 5);
    expect(model.summary()).toContain("0.weight_ih_l0");
    // Its own: nothing that a caller does to it can reach the model.
    expect(() => Object.assign(model.description, { seed: 9 })).toThrow(TypeError);
    expect(await createModel(model.description).then(kept)).toMatchObject({ description: model.description });
  });

  it("has the parameters of PyTorch, by name", async () => {
    const model = await make({
      input: { size: 3 },
      layers: [lstm({ hiddenSize: 4, name: "rnn" }), dense({ units: 2 })],
      output: { at: "last" },
    });
    const parameters = await model.parameters();
    expect(Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, shape]))).toEqual({
      "rnn.weight_ih_l0": [16, 3],
      "rnn.weight_hh_l0": [16, 4],
      "rnn.bias_ih_l0": [16],
      "rnn.bias_hh_l0": [16],
      "1.weight": [2, 4],
      "1.bias": [2],
    });
    // Zero biases but for the forget gate's, in bias_ih alone.
    expect([...parameters["rnn.bias_ih_l0"]!.data]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("takes parameters back to the bit, through a safetensors file too", async () => {
    const one = await make(classifier);
    const other = await make({ ...classifier, seed: 6 });
    expect(await digest(other)).not.toBe(await digest(one));
    const file = writeSafetensors(await one.parameters());
    await other.setParameters(readSafetensors(file));
    expect(await digest(other)).toBe(await digest(one));
  });

  it("takes some parameters when it need not be strict", async () => {
    const model = await make(summer);
    const before = await model.parameters();
    const bias = { shape: [1], data: [0.25] };
    await model.setParameters({ "1.bias": bias, "9.weight": bias }, { strict: false });
    const after = await model.parameters();
    expect([...after["1.bias"]!.data]).toEqual([0.25]);
    expect(bits(after["0.weight_hh_l0"]!)).toEqual(bits(before["0.weight_hh_l0"]!));
  });

  it("saves and loads everything, from bytes, a view, a Blob or a Response", async () => {
    const { x, y } = gestures(24);
    const model = await make(classifier);
    await model.fit({ x, y }, { epochs: 2 });
    const file = await model.save();
    const padded = new Uint8Array(file.length + 16);
    padded.set(file, 8);
    const view = padded.subarray(8, 8 + file.length);
    const weights = await digest(model);
    const { values } = await model.predict(x);
    for (const form of [file, view, file.buffer, new Blob([file]), new Response(file)]) {
      const again = kept(await loadModel(form));
      expect(again.description).toEqual(model.description);
      expect(await digest(again)).toBe(weights);
      expect(bits((await again.predict(x)).values)).toEqual(bits(values));
    }
    expect(file.byteLength).toBeGreaterThan(0); // copied, not detached
    const small = await model.save({ training: false });
    expect(small.length).toBeLessThan(file.length);
  });

  it("saves a safetensors file that others can read, and tells such files from its own", async () => {
    const { x, y } = gestures(12);
    const model = await make(classifier);
    await model.fit({ x, y }, { epochs: 1 });
    const parameters = await model.parameters();
    const tensors = readSafetensors(await model.save());
    for (const [name, { shape, data }] of Object.entries(parameters)) {
      expect([...tensors[name]!.shape], name).toEqual(shape);
      expect(bits(tensors[name]!), name).toEqual(bits({ data } as never));
    }
    // Without the run, nothing else but the constants of the scale.
    const names = Object.keys(readSafetensors(await model.save({ training: false })));
    expect(names.filter((name) => !name.startsWith("encoding.")).sort()).toEqual(Object.keys(parameters).sort());
    await expect(loadModel(writeSafetensors(parameters))).rejects.toMatchObject({
      name: "FormatError",
      code: "unreadableFile",
      message: expect.stringContaining("setParameters"),
    });
  });

  it("refuses a file that is none, is cut or altered", async () => {
    const model = await make(summer);
    await model.fit(sums(8), { epochs: 1 });
    const file = await model.save();
    const altered = (at: number) => {
      const copy = file.slice();
      copy[at] = (copy[at] as number) ^ 1;
      return copy;
    };
    const places = Array.from({ length: 12 }, (_, i) => Math.floor(((i + 0.5) * file.length) / 12));
    const files = [
      new Uint8Array(),
      new Uint8Array(100),
      file.slice(0, -1),
      ...places.map(altered),
      altered(0),
      altered(file.length - 1),
    ];
    for (const wrong of files) await expect(loadModel(wrong)).rejects.toBeInstanceOf(FormatError);
    await expect(loadModel("model.retro" as never)).rejects.toMatchObject({ name: "FormatError", path: "file" });
    await expect(loadModel(new Response("", { status: 404 }))).rejects.toThrow(/404/);
  });

  it("is gone after dispose, as often as one likes", async () => {
    const model = await createModel(summer);
    const parameters = await model.parameters();
    const trainer = await model.trainer();
    const learner = await model.online();
    const pending = model.parameters();
    await model.dispose();
    await model.dispose();
    await expect(pending).rejects.toMatchObject({ name: "DisposedError", code: "disposed" });
    for (const call of [
      () => model.fit(sums(4)),
      () => model.resume(sums(4)),
      () => model.predict([[[1]]]),
      () => model.save(),
      () => model.trainer(),
      () => model.online(),
      () => model.evaluate(sums(4)),
      () => model.gradients(sums(4)),
      () => model.setParameters(parameters),
      () => model.setParameters({}, { strict: false }),
      () => trainer.step(sums(4)),
      () => trainer.apply(parameters),
      () => learner.step([1], [1]),
      () => learner.run([[1], [2]], [[1], [2]]),
      () => learner.reset(),
    ]) {
      await expect(call(), String(call)).rejects.toMatchObject({ name: "DisposedError", code: "disposed" });
    }
    await learner[Symbol.asyncDispose]();
    expect(model.parameterCount).toBeGreaterThan(0); // what it knows by itself, it still tells
  });

  it("of another kind of input is gone as well", async () => {
    const table = { a: Array.from({ length: 20 }, (_, i) => Math.sin(i)) };
    const series = await createModel({
      input: { series: { target: ["a"], window: 4, horizon: 1 } },
      layers: [lstm({ hiddenSize: 2 }), dense()],
    });
    await series.fit(table, { epochs: 1 });
    await series.dispose();
    await expect(series.forecast(table)).rejects.toMatchObject({ name: "DisposedError" });
    const text = await createModel({ input: { vocabulary: 4 }, layers: [lstm({ hiddenSize: 2 }), dense()] });
    await text.dispose();
    const generation = text.generate([1]);
    await expect(generation).rejects.toMatchObject({ name: "DisposedError" });
    await expect(generation[Symbol.asyncIterator]().next()).rejects.toMatchObject({ name: "DisposedError" });
  });

  it("is an AsyncDisposable where the language has it", async () => {
    const model = await createModel(summer);
    await model[Symbol.asyncDispose]();
    await expect(model.parameters()).rejects.toMatchObject({ name: "DisposedError" });
  });

  it("can be given the kernel: bytes, a module, an address, a response; what is none is refused", async () => {
    const url = new URL("../../build/retrograd.wasm", import.meta.url);
    const bytes = readFileSync(url);
    const { values } = await (await make(summer)).predict(sums(2).x);
    const compile = vi.spyOn(WebAssembly, "compile");
    for (const wasm of [bytes, new WebAssembly.Module(bytes), url, new Response(bytes)]) {
      const model = await make(summer, { wasm });
      expect(bits((await model.predict(sums(2).x)).values)).toEqual(bits(values));
    }
    // What was given is what was used: only the module was there already.
    expect(compile).toHaveBeenCalledTimes(3);
    vi.restoreAllMocks();

    await expect(createModel(summer, { wasm: new Uint8Array([0, 1, 2]) })).rejects.toMatchObject({
      name: "WorkerError",
    });
    // An empty module compiles, and has nothing of what is needed.
    const empty = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    await expect(createModel(summer, { wasm: empty })).rejects.toMatchObject({ name: "WorkerError" });
    const nowhere = new URL("none.wasm", url);
    await expect(createModel(summer, { wasm: nowhere })).rejects.toMatchObject({ name: "WorkerError" });
  });
});
