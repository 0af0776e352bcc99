/**
 * The two-unit network once more, in 64-bit floats and ten lines, to check the gradients of the 32-bit kernel by central
 * differences. It shares nothing with the package. h_t = tanh(W h_{t-1} + U x_t + b); Elman 1990.
 */

/** W [H, H], U [H, I] and b [H], row by row. */
export interface Weights {
  W: number[][];
  U: number[][];
  b: number[];
}

/** The mean of (h_t - y_t)² over steps and units, from a zero state. x: [T, I], y: [T, H]. */
export function loss64({ W, U, b }: Weights, x: readonly number[][], y: readonly number[][]): number {
  let h = b.map(() => 0);
  let sum = 0;
  x.forEach((row, t) => {
    h = b.map((bias, i) => Math.tanh(bias + dot(W[i]!, h) + dot(U[i]!, row)));
    sum += h.reduce((a, value, i) => a + (value - y[t]![i]!) ** 2, 0);
  });
  return sum / (x.length * b.length);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** ∂loss/∂weight for each weight: (L(w + ε) - L(w - ε)) / 2ε. At ε = 1e-5 its own error is about 1e-10. */
export function differences(weights: Weights, x: readonly number[][], y: readonly number[][]): Weights {
  const epsilon = 1e-5;
  const copy = structuredClone(weights);
  const slope = (row: number[], i: number): number => {
    const kept = row[i]!;
    row[i] = kept + epsilon;
    const above = loss64(copy, x, y);
    row[i] = kept - epsilon;
    const below = loss64(copy, x, y);
    row[i] = kept;
    return (above - below) / (2 * epsilon);
  };
  const slopes = (row: number[]) => row.map((_, i) => slope(row, i));
  return { W: copy.W.map(slopes), U: copy.U.map(slopes), b: slopes(copy.b) };
}
