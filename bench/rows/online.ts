/** Learning at each time step: B = 1, T = 1, LSTM, forward, backward by one step and SGD; a thousand time steps a call. */
import { createModel, dense, lstm, type ModelDescription, sgd } from "retrograd";
import { atLeast, atMost, type Bench, type Case, type Measurement, type Row } from "../bench.js";
import { online as sizes } from "../rivals/sizes.js";
import { type Contestant, medianOf, repeated } from "../rounds.js";
import { digits } from "../table.js";
import { draw } from "../task.js";
import { prototype } from "./prototype.js";

const description: ModelDescription = {
  input: { size: sizes.inputs },
  layers: [lstm({ hiddenSize: sizes.hiddenSize }), dense()],
  output: { at: "last", size: 1 },
  seed: 1,
};
const options = {
  truncation: 1,
  optimizer: sgd({ learningRate: sizes.learningRate }),
  clip: "none",
} as const;

/** Of a call; milliseconds a call are then microseconds a time step. */
const COUNT = 1000;
const all = draw(COUNT * sizes.inputs, 1);
const x = Array.from({ length: COUNT }, (_, t) => all.subarray(t * sizes.inputs, (t + 1) * sizes.inputs));
const y = draw(COUNT, 2);

export const online: Measurement = { name: "online step, lstm 32,1,1,8", run: measure };

export const onlineCase: Case = {
  name: online.name,
  open: (kernel) => kernel.stream(description, options, x, y),
};

async function measure(bench: Bench): Promise<Row[]> {
  const rivals = await bench.opponents(
    "online",
    0,
    ({ openOnline }) => openOnline && (async () => inThousands(await openOnline())),
  );
  const frozen = await prototype();
  const series = await bench.measure(online.name, [
    ["kernel", onlineCase.open(bench.kernel)],
    ["learner.run", await byRun()],
    ...(frozen ? [["prototype", frozen] as const] : []),
    ...rivals,
  ]);
  const [kernel, run, ...others] = series;
  const times = (name: string) => {
    const other = others.find((s) => s.name === name);
    return other && medianOf(other) / medianOf(kernel!);
  };
  const slower = times("prototype");
  return [
    {
      name: "online step, lstm 32,1,1,8 kernel",
      unit: "µs",
      rounds: kernel!.rounds,
      rivals: others,
      ...(slower && { note: `${digits(1 / slower)} × the prototype's` }),
      asked: [
        atMost(slower && 1 / slower, 1.3, "≤ 1.3 × the prototype's"),
        atLeast(times("torch 1"), 250, "≥ 250 × torch 1"),
      ],
    },
    { name: "online step, learner.run", unit: "µs", rounds: run!.rounds, rivals: others },
  ];
}

async function byRun(): Promise<Contestant> {
  const model = await createModel(description);
  const learner = await model.online(options);
  return repeated(
    async () => void (await learner.run(x, y)),
    () => model.dispose(),
  );
}

function inThousands(contestant: Contestant): Contestant {
  return { ...contestant, run: (steps) => contestant.run(COUNT * steps) };
}
