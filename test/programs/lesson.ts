// A teacher: compares optimisers from the same start, looks at gradients, learns online.
import { adam, createModel, type ModelDescription, rnn, sgd } from "retrograd";

const x = [
  [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
]; // a batch of one sequence of XOR rows
const y = [
  [
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 0],
  ],
];
const net: ModelDescription = {
  input: { size: 2 },
  layers: [rnn({ hiddenSize: 2 })],
  output: { at: "every" },
  seed: 7,
}; // the state is the prediction

const runs = {
  descent: sgd({ learningRate: 0.1 }),
  momentum: sgd({ learningRate: 0.1, momentum: 0.9 }),
  adam: adam({ learningRate: 0.01 }),
};
for (const [name, optimizer] of Object.entries(runs)) {
  const model = await createModel(net);
  const h = await model.fit({ x, y }, { optimizer, steps: 200, batchSize: "full", clip: "none", recordEvery: 1 });
  console.log(name, h.steps.loss.at(-1), h.steps.gradientNorm);
  const g = await model.gradients({ x, y }, { values: true });
  console.log(g.hidden[0]!.norms, g.parameters["0.weight_hh_l0"]!.toArray()); // ‖∂L/∂h_t‖ for each t
  await model.dispose();
}
const model = await createModel(net);
const learner = await model.online({
  algorithm: "tbptt",
  truncation: 4,
  optimizer: sgd({ learningRate: 0.1 }),
  clip: "none",
});
for (let t = 0; t < 99; t++) {
  const { prediction, loss } = await learner.step(x[0]![t % 8]!, y[0]![t % 8]!); // predicts, then learns
  if (t % 10 === 0) console.log(t, prediction, loss);
}
await model.dispose();
