// A researcher: PyTorch weights in and out, text with a carried state, a loss of their own.
import { readFile, writeFile } from "node:fs/promises";
import {
  adam,
  createModel,
  dense,
  embedding,
  lstm,
  readSafetensors,
  type State,
  stepDecay,
  type Tensor,
  writeSafetensors,
} from "retrograd";

declare const myGradient: (raw: Tensor) => Tensor;
const chars = JSON.parse(await readFile("vocab.json", "utf8")) as string[];
const text = await readFile("corpus.txt", "utf8");
const model = await createModel(
  {
    // named as the PyTorch module: encoder, rnn, decoder
    input: { vocabulary: chars },
    init: "pytorch",
    seed: 1,
    layers: [
      embedding({ units: 64, name: "encoder" }),
      lstm({ hiddenSize: 256, numLayers: 2, name: "rnn" }),
      dense({ name: "decoder" }),
    ],
  },
  { workers: 4 },
);
await model.setParameters(readSafetensors(await readFile("char_lstm.safetensors"))); // strict: missing and unexpected keys are named
const logits = await model.predict(["To be, or"], { raw: true }); // to compare with torch: logits.values, logits.state
await model.fit(text, {
  steps: 20_000,
  batchSize: 32,
  window: 64,
  carryState: true,
  validationSplit: 0.1,
  optimizer: adam({ learningRate: stepDecay({ initial: 2e-3, every: 5000, factor: 0.5 }) }),
  clip: { norm: 1 },
});
let state: State[] | undefined,
  prompt = "To be, or";
for (const temperature of [0.5, 0.9]) {
  // the second stream goes on where the first stopped
  const out = model.generate(prompt, { length: 400, temperature, seed: 3, ...(state && { state }) });
  for await (const piece of out) process.stdout.write(piece);
  const end = await out;
  state = end.state;
  prompt = end.text.at(-1)!;
}
const trainer = await model.trainer({ optimizer: adam({ learningRate: 1e-4 }) }); // an own loss: ∂L/∂output from here
const g = await model.gradients({
  x: ["abc"],
  outputGradient: myGradient((await model.predict(["abc"], { raw: true })).values),
});
await trainer.apply(g.parameters);
await writeFile("tuned.safetensors", writeSafetensors(await model.parameters()));
console.log(logits.values.shape);
await model.dispose();
