/** How far forecasts are from what came. */

export interface Score {
  /** Root of the mean squared error, in births a day. */
  rmse: number;
  /** Mean of |error / truth|, in percent. */
  mape: number;
}

export function score(forecast: ArrayLike<number>, truth: ArrayLike<number>): Score {
  let squares = 0;
  let ratios = 0;
  for (let i = 0; i < truth.length; i++) {
    const error = forecast[i]! - truth[i]!;
    squares += error * error;
    ratios += Math.abs(error / truth[i]!);
  }
  return { rmse: Math.sqrt(squares / truth.length), mape: (100 * ratios) / truth.length };
}
