// A web developer: classifies ragged gestures in the page, saves the model.
import { createModel, dense, gru } from "retrograd";

export async function train(
  gestures: { points: number[][]; name: string }[],
  bar: HTMLProgressElement,
  cancel: AbortSignal,
) {
  const model = await createModel({
    input: { size: 3, scale: "standard" }, // dx, dy, pen: constants fitted once, saved with the model
    layers: [gru({ hiddenSize: 32, bidirectional: true }), dense()],
    output: { at: "last", classes: [...new Set(gestures.map((g) => g.name))] },
  });
  try {
    const run = model.fit(
      { x: gestures.map((g) => g.points), y: gestures.map((g) => g.name) }, // ragged; labels, not indices
      { validationSplit: { fraction: 0.2, from: "random" }, signal: cancel },
    );
    for await (const p of run) {
      bar.value = p.step / p.steps;
      if (p.kind === "epoch") console.log(p.epoch, p.loss, p.validationMetrics?.accuracy);
    }
    const history = await run; // the best epoch's weights are in place
    const { labels, values } = await model.predict([gestures[0]!.points]);
    console.log(history.reason, labels?.[0], values.toArray()[0]);
    return new Blob([await model.save()]);
  } finally {
    await model.dispose();
  }
}
