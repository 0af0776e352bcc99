/** Demand over time: US births of each day of 2003, forecast one day and seven days ahead, beside simple rules. */
import { BASELINES, checkBaselines, YEAR_RULE } from "./baselines.js";
import { loadBirths, TEST_DAYS } from "./births.js";
import { type Forecasts, type Plan, trainForecaster } from "./forecaster.js";
import { heading, paragraph, seconds, table } from "./say.js";
import { type Score, score } from "./scores.js";

const HORIZON = 7;
export const PLAN: Omit<Plan, "horizon"> = { hiddenSize: 32, epochs: 30, validationDays: 292, seconds: 20 };

/** Must be beaten, and is meant to be, one day ahead. */
const REQUIRED = 620.7;
const AIM = 496.2;

/** One way to forecast, at three distances. */
export interface Line {
  name: string;
  one: Score;
  /** Of the seventh day alone. */
  seventh: Score;
  /** Of the days 1 … 7 together. */
  week: Score;
}

export interface Demand {
  firstDay: number;
  truth: number[];
  one: Forecasts;
  seven: Forecasts;
  lines: Line[];
}

export async function demand(plan = PLAN): Promise<Demand> {
  const start = performance.now();
  heading("2  Demand over time");
  paragraph(`Births in the United States on each day of 2003, forecast one day and seven days ahead from 1994-2002. A GRU
    of ${plan.hiddenSize} units reads the last 28 days: births (as logarithms), weekday, day of the year, public holidays by
    rule, and the births 364 days before. The best epoch is chosen on the last ${plan.validationDays} days of 2002.`);
  const births = loadBirths();
  checkBaselines(births);
  console.log("\n  one day ahead");
  const one = await trainForecaster(births, { ...plan, horizon: 1 });
  console.log("\n  seven days ahead, all seven at once");
  const seven = await trainForecaster(births, { ...plan, horizon: HORIZON });

  const truth = births.count.slice(-TEST_DAYS);
  const lines = BASELINES.map(({ name, forecast }) => {
    const ahead = Array.from({ length: HORIZON }, (_, k) => forecast(births, k + 1));
    return line(name, ahead[0]!, ahead, truth);
  });
  lines.push(line(`GRU, ${plan.hiddenSize} units`, one.ahead[0]!, seven.ahead, truth));
  report(lines, truth);
  console.log(`  time ${seconds(start)}`);
  return { firstDay: births.day.at(-TEST_DAYS)!, truth, one, seven, lines };
}

function line(name: string, one: number[], ahead: number[][], truth: number[]): Line {
  return {
    name,
    one: score(one, truth),
    seventh: score(ahead.at(-1)!, truth),
    week: score(
      ahead.flat(),
      ahead.flatMap(() => truth),
    ),
  };
}

function report(lines: readonly Line[], truth: readonly number[]): void {
  const cell = ({ rmse, mape }: Score) => `${rmse.toFixed(1).padStart(6)}  ${mape.toFixed(2).padStart(5)} %`;
  const mean = truth.reduce((a, b) => a + b, 0) / truth.length;
  console.log(
    `\n  RMSE in births and MAPE over the ${truth.length} days of 2003 (mean: ${mean.toFixed(0)} births a day)`,
  );
  table([
    ["", "one day ahead", "on the seventh day", "days 1-7 together"],
    ...lines.map(({ name, one, seventh, week }) => [name, cell(one), cell(seventh), cell(week)]),
  ]);
  const network = lines.at(-1)!;
  const { rmse } = network.one;
  if (!(rmse < REQUIRED)) throw new Error(`RMSE ${rmse}: not below ${REQUIRED}`);
  const verdict = rmse < AIM ? `below the aim of ${AIM}` : `below ${REQUIRED}, not yet below the aim of ${AIM}`;
  console.log(`  one day ahead: ${rmse.toFixed(1)}, ${verdict}`);
  const [seventh, rule] = [network, lines.find(({ name }) => name === YEAR_RULE)!].map((line) => line.seventh.rmse);
  if (!(seventh! < rule!)) throw new Error(`RMSE ${seventh} on the seventh day: not below ${rule}, that of the rule`);
  console.log(`  on the seventh day: ${seventh!.toFixed(1)}, below the ${rule!.toFixed(1)} of the births ${YEAR_RULE}`);
}
