/** The report: one HTML file that needs nothing else, with the pictures inside. */
import { cpus } from "node:os";
import { barChart, COLORS, lineChart, type Point, sideBySide } from "./charts.js";
import { isoDay } from "./days.js";
import type { Demand } from "./demand.js";
import type { TextResult } from "./text.js";
import type { Textbook } from "./textbook.js";

export interface Results {
  textbook: Textbook;
  demand: Demand;
  text: TextResult;
  seconds: number;
}

export function reportHtml({ textbook, demand, text, seconds }: Results): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown processor"}, Node ${process.versions.node}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Retrograd: what the demo learned</title>
<style>${STYLE}</style>
<main>
<h1>What the demo learned</h1>
<p class="quiet">Retrograd · ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC · ${seconds.toFixed(0)} s in all ·
${escapeHtml(machine)}</p>
${textbookSection(textbook)}
${demandSection(demand)}
${textSection(text)}
</main>
</html>
`;
}

/** Two charts as one drawing, for a page that shows what the demo makes. */
export function picture({ demand, text }: Results): string {
  const title = "Births forecast in November and December 2003; gradient norm by time step before and after training";
  return sideBySide(title, [forecastChart(demand, -61), normChart(text.norms.before, text.norms.after)]);
}

function textbookSection({ losses, norms, before, after, later, baselines, weights, deviation }: Textbook): string {
  const steps = (values: ArrayLike<number>): Point[] => Array.from(values, (v, t) => [t + 1, v]);
  const matrix = (rows: readonly number[][]) =>
    `<table class="matrix">${rows.map((r) => `<tr>${r.map((v) => `<td>${v.toFixed(4)}</td>`).join("")}</tr>`).join("")}</table>`;
  return `<h2>1 The textbook example, made right</h2>
<p>h<sub>t</sub> = tanh(W h<sub>t−1</sub> + U x<sub>t</sub> + b) with two units and no output layer reads the rows of the XOR
table, each five times in a row, and predicts the next one; one update of gradient descent (rate 0.1) per time step. The gradient
differs from central differences in 64-bit floats by ${deviation.toExponential(1)} of its largest element.</p>
<div class="row">
${figure(
  lineChart({
    lines: [{ name: "loss of each step, before its update", points: steps(losses), color: COLORS.network }],
    x: "time step = update",
    y: "squared error",
  }),
  `Mean squared error over the 99 steps: ${before.toFixed(3)} before, ${after.toFixed(3)} after 99 updates,
  ${later.toFixed(3)} after 10,000. Always the mean of the rows: ${baselines.mean.toFixed(3)}; the row stays as it is:
  ${baselines.same.toFixed(3)}. The peaks are the steps at which both bits of the row change.`,
)}
${figure(
  normChart(norms.before, norms.after),
  "How far back the error of a cycle's last step is felt, ‖∂L/∂h<sub>t</sub>‖: two tanh units forget within a few steps.",
)}
</div>
<div class="weights">W = ${matrix(weights.W)} U = ${matrix(weights.U)} b = ${matrix(weights.b.map((v) => [v]))} after 99 updates</div>`;
}

function demandSection(demand: Demand): string {
  const { one, seven, lines } = demand;
  const epochs = ({ history }: Demand["one"], read: (p: (typeof history.epochs)[number]) => number): Point[] =>
    history.epochs.map((p) => [p.epoch, read(p)]);
  // The first rule is so far off that it would press the others together.
  const compared = lines.slice(1);
  return `<h2>2 Demand over time: births of 2003, learned from 1994-2002</h2>
${figure(forecastChart(demand, 0, 1080), "Births on each day of 2003 and their forecast one day ahead.")}
<div class="row">
${figure(forecastChart(demand, -61), "November and December, with Thanksgiving and Christmas.")}
${figure(
  barChart({
    names: compared.map(({ name }) => name),
    groups: [
      { name: "one day ahead", values: compared.map((l) => l.one.rmse), color: COLORS.network },
      { name: "on the seventh day", values: compared.map((l) => l.seventh.rmse), color: COLORS.second },
    ],
    x: "RMSE, births a day",
  }),
  "Root mean squared error over 2003, beside rules that need no network.",
)}
</div>
<div class="row">
${figure(
  lineChart({
    lines: [
      { name: "1 day, training", points: epochs(one, (p) => p.loss), color: COLORS.network, dashed: true },
      { name: "1 day, validation", points: epochs(one, (p) => p.validationLoss!), color: COLORS.network },
      { name: "7 days, training", points: epochs(seven, (p) => p.loss), color: COLORS.second, dashed: true },
      { name: "7 days, validation", points: epochs(seven, (p) => p.validationLoss!), color: COLORS.second },
    ],
    x: "epoch",
    y: "mean squared error",
    scale: "log",
  }),
  `Loss in the network's units; validation on the end of 2002. Weights kept: epochs ${one.history.best?.epoch} and
  ${seven.history.best?.epoch}.`,
)}
<table class="figures">
<tr><th></th><th colspan="2">one day ahead</th><th colspan="2">on the seventh day</th></tr>
<tr><th></th><th>RMSE</th><th>MAPE</th><th>RMSE</th><th>MAPE</th></tr>
${lines
  .map(
    (l) =>
      `<tr><td>${l.name}</td>${[l.one, l.seventh].map((s) => `<td>${s.rmse.toFixed(1)}</td><td>${s.mape.toFixed(2)} %</td>`).join("")}</tr>`,
  )
  .join("\n")}
</table>
</div>`;
}

/** Births beside their forecasts, from a day of the test year on. */
function forecastChart({ firstDay, truth, one, seven }: Demand, from: number, width = 520): string {
  const start = from < 0 ? truth.length + from : from;
  const points = (values: readonly number[]): Point[] =>
    values.slice(start).map((v, i) => [isoDay(firstDay + start + i), v]);
  const lines = [
    { name: "births", points: points(truth), color: COLORS.truth, width: 0, dots: true },
    { name: "one day ahead", points: points(one.ahead[0]!), color: COLORS.network, width: 1.4 },
  ];
  // On a whole year two forecasts would hide each other.
  if (start > 0) {
    const seventh = {
      name: "seven days ahead",
      points: points(seven.ahead.at(-1)!),
      color: COLORS.second,
      width: 1.4,
    };
    lines.push(seventh);
  }
  return lineChart({ lines, x: "", y: "births a day", dates: true, width });
}

function textSection({ bits, validation, baselines, generated, norms }: TextResult): string {
  return `<h2>3 Text: Moby Dick, one character after the other</h2>
<div class="row">
${figure(
  lineChart({
    lines: [
      { name: "training", points: smooth(bits), color: COLORS.quiet, width: 1.2 },
      { name: "held out", points: validation.map((v) => [v.step, v.bits]), color: COLORS.network, dots: true },
      ...baselines.slice(1).map(({ order, bits: level }, i) => ({
        name: `${order}-grams`,
        points: [[1, level] as Point, [bits.length, level] as Point],
        color: [COLORS.second, COLORS.third][i]!,
        dashed: true,
      })),
    ],
    x: "update",
    y: "bits a character",
    max: 5,
  }),
  `Loss over the run (mean of ten updates); ${validation.at(-1)!.bits.toFixed(3)} bits a character at the end on the text held out${
    bits.length && validation.at(-1)!.bits > Math.min(...baselines.map((b) => b.bits))
      ? ", which counting five characters in a row does better than a minute of training"
      : ""
  }.`,
)}
${figure(
  normChart(norms.before, norms.after),
  `‖∂L/∂h<sub>t</sub>‖ along 100 characters held out, where only the last one's loss counts. Of the norm at the end,
  ${share(norms.before)} is left 50 characters back before training, ${share(norms.after)} after it.`,
)}
</div>
<blockquote>${escapeHtml(generated).replace(/\n+/g, "<br>")}</blockquote>`;
}

/** Norms by time step, counted back from the last one. */
function normChart(before: ArrayLike<number>, after: ArrayLike<number>): string {
  const points = (norms: ArrayLike<number>): Point[] =>
    Array.from(norms, (v, t): Point => [t + 1 - norms.length, v]).filter(([, v]) => v > 0);
  return lineChart({
    lines: [
      { name: "before training", points: points(before), color: COLORS.quiet },
      { name: "after", points: points(after), color: COLORS.network },
    ],
    x: "time step, back from the error",
    y: "‖∂L/∂h‖",
    scale: "log",
  });
}

/** Means of ten updates, so that the line is one. */
function smooth(values: readonly number[]): Point[] {
  const points: Point[] = [];
  for (let i = 0; i + 10 <= values.length; i += 10) {
    points.push([i + 5, values.slice(i, i + 10).reduce((a, b) => a + b, 0) / 10]);
  }
  return points;
}

function figure(svg: string, caption: string): string {
  return `<figure>${svg}<figcaption>${caption}</figcaption></figure>`;
}

/** The norm 50 steps before the last one, of the last one. */
function share(norms: Float32Array): string {
  return (norms.at(-51)! / norms.at(-1)!).toExponential(1);
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

const STYLE = `
body { margin: 0; background: #f6f7f9; color: #1f2937; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px; }
h1 { margin: 0; } h2 { margin: 40px 0 8px; font-size: 21px; }
p { max-width: 75ch; } .quiet, figcaption { color: #6b7280; font-size: 14px; }
svg { max-width: 100%; height: auto; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 20px; align-items: start; }
figure { margin: 12px 0; padding: 12px; background: #fff; border: 1px solid #e5e7eb; border-radius: 8px; }
figure svg { width: 100%; height: auto; display: block; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
.figures { margin: 12px 0; background: #fff; border: 1px solid #e5e7eb; }
.figures td, .figures th { padding: 7px 10px; text-align: right; border-bottom: 1px solid #eef0f3; }
.figures td { white-space: nowrap; } .figures td:first-child { text-align: left; white-space: normal; } .figures tr:last-child { font-weight: 600; color: #2563eb; }
.weights { display: flex; align-items: center; gap: 10px; max-width: none; }
.matrix { border: solid #374151; border-width: 0 2px; position: relative; }
.matrix::before, .matrix::after { content: ""; position: absolute; left: 0; right: 0; height: 100%; top: 0; pointer-events: none; background: linear-gradient(#374151, #374151) 0 0 / 6px 2px, linear-gradient(#374151, #374151) 100% 0 / 6px 2px, linear-gradient(#374151, #374151) 0 100% / 6px 2px, linear-gradient(#374151, #374151) 100% 100% / 6px 2px; background-repeat: no-repeat; }
.matrix td { padding: 2px 8px; text-align: right; }
blockquote { margin: 12px 0; padding: 16px 24px; background: #fff; border-left: 4px solid #2563eb; font: 17px/1.6 Georgia, serif; }
`;
