/** Least squares by the normal equations: small and well scaled problems only. */

/** The coefficients c that make ‖rows · c - y‖ least. */
export function leastSquares(rows: readonly number[][], y: readonly number[]): number[] {
  const n = rows[0]!.length;
  // [XᵀX | Xᵀy], solved by Gauss-Jordan elimination with the largest pivot.
  const m = Array.from({ length: n }, () => new Float64Array(n + 1));
  rows.forEach((row, r) => {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) m[i]![j]! += row[i]! * row[j]!;
      m[i]![n]! += row[i]! * y[r]!;
    }
  });
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(m[i]![k]!) > Math.abs(m[pivot]![k]!)) pivot = i;
    [m[k], m[pivot]] = [m[pivot]!, m[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = m[i]![k]! / m[k]![k]!;
      for (let j = k; j <= n; j++) m[i]![j]! -= factor * m[k]![j]!;
    }
  }
  return m.map((row, k) => row[n]! / row[k]!);
}
