/** One network that forecasts the births some days ahead: its description, its training, its forecasts of the test year. */
import { adam, cosineDecay, createModel, dense, gru, type History, type Model, type ModelDescription } from "retrograd";
import { type Births, TEST_DAYS } from "./births.js";
import { type BirthsTable, birthsTable, KNOWN, withoutBirths } from "./births-table.js";
import { follow } from "./progress.js";

const WINDOW = 28;
const BATCH = 32;

export interface Plan {
  horizon: number;
  hiddenSize: number;
  epochs: number;
  /** Days at the end of the training part that choose the epoch. */
  validationDays: number;
  /** A guard for slow machines: a run that takes longer stops there and says so. */
  seconds?: number;
}

/** What one horizon came to. */
export interface Forecasts {
  /** forecasts[k][i]: day i of the test year, forecast k + 1 days before. */
  ahead: number[][];
  history: History;
  parameters: number;
}

/**
 * Chosen on the year 2002, with the networks trained on the years before it; the year 2003 chose nothing. The network
 * predicts at each step of its window, so that a window gives 28 errors to learn from instead of one.
 */
function network({ horizon, hiddenSize }: Plan): ModelDescription {
  return {
    input: {
      series: {
        time: "date",
        target: ["births"],
        known: KNOWN,
        calendar: ["dayOfWeek", "dayOfYear"],
        window: WINDOW,
        horizon,
        transform: "log",
      },
    },
    layers: [gru({ hiddenSize }), dense()],
    output: { at: "every" },
    seed: 0,
  };
}

export async function trainForecaster(births: Births, plan: Plan): Promise<Forecasts> {
  const table = birthsTable(births, plan.horizon);
  const model = await createModel(network(plan));
  try {
    // Scales, weights and the best epoch all come from the years before the test year.
    const training = table.rows.slice(0, -TEST_DAYS);
    const validationSplit = plan.validationDays / training.length;
    const steps = plan.epochs * Math.ceil((training.length - plan.validationDays) / BATCH);
    const guard = plan.seconds !== undefined && { seconds: plan.seconds };
    const run = model.fit(training, {
      epochs: plan.epochs,
      ...guard,
      batchSize: BATCH,
      optimizer: adam({ learningRate: cosineDecay({ initial: 3e-3, final: 1e-4, steps }) }),
      clip: { norm: 1 },
      validationSplit,
      metrics: ["rmse"],
    });
    await follow(run, {
      ...guard,
      more: ({ validationMetrics: v }) => v && `validation RMSE ${v.rmse!.toFixed(0)} births`,
    });
    const history = await run;
    const why = { patience: "no better one for 10 epochs", seconds: `stopped after ${plan.seconds} s: a busy machine` };
    const end = why[history.reason as keyof typeof why];
    console.log(`  ${history.epochs.length} epochs${end ? ` (${end})` : ""}, the best is ${history.best?.epoch}`);
    return { ahead: await forecastYear(model, table, plan.horizon), history, parameters: model.parameterCount };
  } finally {
    await model.dispose();
  }
}

/** Each day of the test year from each lead, with the births before the origin and nothing after it. */
async function forecastYear(model: Model, { rows, future }: BirthsTable, horizon: number): Promise<number[][]> {
  const first = rows.length - TEST_DAYS;
  const known = [...rows.map(withoutBirths), ...future];
  const ahead = Array.from({ length: horizon }, () => new Array<number>(TEST_DAYS));
  for (let next = first - horizon + 1; next < rows.length; next++) {
    const history = rows.slice(next - WINDOW, next);
    const { births } = await model.forecast(history, { known: known.slice(next, next + horizon) });
    births!.forEach((value, k) => {
      const day = next + k - first;
      if (day >= 0 && day < TEST_DAYS) ahead[k]![day] = value;
    });
  }
  return ahead;
}
