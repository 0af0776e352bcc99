/** What a forecast has to beat: rules that need no network. Each forecasts day t from what is known `lead` days before. */
import { type Births, TEST_DAYS, YEAR } from "./births.js";
import { weekday } from "./days.js";
import { HOLIDAYS, type Holiday, isHoliday } from "./holidays.js";
import { leastSquares } from "./least-squares.js";
import { type Score, score } from "./scores.js";

export interface Baseline {
  name: string;
  forecast: (births: Births, lead: number) => number[];
  /** One day ahead over 2003, as computed by others on the same file: a change of data or rule does not go unseen. */
  known?: Score;
}

/** The best of the rules that fit nothing. */
export const YEAR_RULE = "364 days back × ratio of 28 days";

export const BASELINES: readonly Baseline[] = [
  {
    name: "the last day known",
    forecast: ({ count }, lead) => tests(count).map((t) => count[t - lead]!),
    known: { rmse: 2352.8, mape: 16.57 },
  },
  {
    name: "the same weekday last week",
    forecast: ({ count }) => tests(count).map((t) => count[t - 7]!),
    known: { rmse: 957.4, mape: 4.23 },
  },
  {
    name: YEAR_RULE,
    forecast: ({ count }, lead) =>
      tests(count).map((t) => {
        const end = t - lead + 1;
        return (count[t - YEAR]! * sum(count, end - 28, end)) / sum(count, end - 28 - YEAR, end - YEAR);
      }),
    known: { rmse: 620.7, mape: 2.77 },
  },
  {
    name: "linear in 10 lags and the weekday",
    forecast: (births, lead) => linear(births, lead, []),
    known: { rmse: 496.2, mape: 2.89 },
  },
  // What the network's other columns are worth without the network.
  { name: "the same, with holidays", forecast: (births, lead) => linear(births, lead, HOLIDAYS) },
];

/** Rows of the test days. */
function tests(count: readonly number[]): number[] {
  return Array.from({ length: TEST_DAYS }, (_, i) => count.length - TEST_DAYS + i);
}

/** Rows from … to - 1. */
function sum(count: readonly number[], from: number, to: number): number {
  return count.slice(from, to).reduce((a, b) => a + b, 0);
}

/** Fitted on the days before the test days. */
function linear({ day, count }: Births, lead: number, holidays: readonly Holiday[]): number[] {
  // At seven days ahead yesterday is not known: the two newest days that are stand in.
  const lags = [...new Set([lead, lead + 1, 7, 8, 14, 21, 28, 357, 364, 371])];
  const unit = 1e4; // births in tens of thousands keep the normal equations well scaled
  const features = (t: number) => [
    ...lags.map((lag) => count[t - lag]! / unit),
    ...Array.from({ length: 7 }, (_, w) => (weekday(day[t]!) === w ? 1 : 0)),
    ...holidays.map((holiday) => (isHoliday(day[t]!, holiday) ? 1 : 0)),
  ];
  const train: number[] = [];
  for (let t = Math.max(...lags); t < count.length - TEST_DAYS; t++) train.push(t);
  const c = leastSquares(
    train.map(features),
    train.map((t) => count[t]! / unit),
  );
  return tests(count).map((t) => unit * features(t).reduce((a, x, i) => a + x * c[i]!, 0));
}

/** @throws when a baseline's figure one day ahead is not the known one. */
export function checkBaselines(births: Births): void {
  const truth = births.count.slice(-TEST_DAYS);
  for (const { name, forecast, known } of BASELINES) {
    if (!known) continue;
    const found = score(forecast(births, 1), truth);
    // Known to one and two decimals.
    if (Math.abs(found.rmse - known.rmse) > 0.06 || Math.abs(found.mape - known.mape) > 0.006) {
      throw new Error(`${name}: ${found.rmse} and ${found.mape} %, where ${known.rmse} and ${known.mape} % are known`);
    }
  }
}
