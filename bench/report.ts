/** From rows to the printed table, and to the file that keeps every round. */
import { type Asked, atLeast, type Bench, type Row } from "./bench.js";
import { digits, median, table } from "./table.js";

export function report(bench: Bench, rows: readonly Row[]): string {
  const names = bench.rivals.map(({ name }) => name).filter((name) => rows.some((row) => rivalOf(row, name)));
  const head = [
    "",
    "unit",
    "median",
    "least",
    "GFLOP/s",
    "% of peak",
    ...names.map((name) => `× ${name}`),
    "asked for",
  ];
  const lines = rows.map((row) => {
    const rate = row.flops && row.flops / Math.min(...row.rounds) / 1e6;
    const peak = row.simd && bench.peaks.get(row.simd)?.value;
    return [
      row.name,
      row.unit,
      digits(median(row.rounds)),
      digits(Math.min(...row.rounds)),
      rate ? digits(rate) : "",
      rate && peak ? ((100 * rate) / peak).toFixed(0) : "",
      ...names.map((name) => ratio(row, name)),
      [shareAsked(rate && peak && rate / peak, row.share), ...(row.asked ?? []).map(verdict), row.note ?? ""]
        .filter((text) => text)
        .join("; "),
    ];
  });
  return table(head, lines);
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
