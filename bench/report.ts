/** From rows to the printed table, and to the file that keeps every round. */
import { type Asked, atLeast, type Bench, type Row } from "./bench.js";
import { digits, median, table } from "./table.js";

/** What is asked for and what there is to say stands to the right of the table. */
export function report(bench: Bench, rows: readonly Row[]): string {
  const names = bench.rivals.map(({ name }) => name).filter((name) => rows.some((row) => rivalOf(row, name)));
  const head = ["", "unit", "median", "least", "GFLOP/s", "% of peak", ...names.map((name) => `× ${name}`)];
  const rates = rows.map(({ flops, rounds }) => flops && flops / Math.min(...rounds) / 1e6);
  const shares = rows.map(({ simd }, k) => {
    const peak = simd && bench.peaks.get(simd)?.value;
    return rates[k] && peak ? rates[k] / peak : undefined;
  });
  const lines = rows.map((row, k) => [
    row.name,
    row.unit,
    digits(median(row.rounds)),
    digits(Math.min(...row.rounds)),
    rates[k] ? digits(rates[k]) : "",
    shares[k] ? (100 * shares[k]).toFixed(0) : "",
    ...names.map((name) => ratio(row, name)),
  ]);
  const words = rows.map(({ share, asked = [], note = "" }, k) =>
    [shareAsked(shares[k], share), ...asked.map(verdict), note].filter((text) => text).join("; "),
  );
  // Below the head and its rule, beside the row.
  const drawn = table(head, lines).split("\n");
  return drawn.map((line, k) => (words[k - 2] ? `${line}  ${words[k - 2]}` : line)).join("\n");
}

const rivalOf = (row: Row, name: string) => row.rivals?.find((s) => s.name === name);

/** Of medians / of least. */
function ratio(row: Row, name: string): string {
  const rival = rivalOf(row, name);
  if (!rival) return "";
  return `${digits(median(rival.rounds) / median(row.rounds))} / ${digits(Math.min(...rival.rounds) / Math.min(...row.rounds))}`;
}

function shareAsked(reached: number | undefined, share: number | undefined): string {
  return share === undefined ? "" : verdict(atLeast(reached, share, `≥ ${100 * share} % of peak`));
}

export const verdict = ({ text, met }: Asked): string =>
  met === undefined ? "" : `${text}: ${met ? "met" : "NOT MET"}`;

export function peakLines({ peaks }: Bench): string[] {
  return [...peaks].map(([simd, peak]) => {
    const { registers, product, step } = peak.best;
    return `Peak of this process, ${simd} SIMD: ${digits(peak.value)} GFLOP/s (loop in registers ${digits(registers)}, product ${digits(product)}, best row ${digits(step)})`;
  });
}
