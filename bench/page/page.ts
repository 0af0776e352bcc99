/**
 * The nine rows in a browser: the kernel in the page's own thread and a fit through the public API, in turn, as shares of the
 * page's own peak. serve.ts serves it, and is sent the results; the address may say ?quick and ?only=WORD.
 */
import { Bare, type Parts } from "../inside/bare.js";
import { Peak } from "../peak/peak.js";
import { byFit, describe, training } from "../rivals/retrograd.js";
import { alternate, type Effort, leastOf, medianOf, type Series } from "../rounds.js";
import { digits, table } from "../table.js";
import { flops, label, nine, samples, type Task } from "../task.js";

export interface Results {
  browser: string;
  isolated: boolean;
  rows: { name: string; flops: number; kernel: Series; fit: Series }[];
  peaks: Record<string, Peak["best"]>;
  text: string;
}

/** What is sent to /results. */
export type Posted = Results | { error: string };

const words = new URLSearchParams(location.search);
const effort: Effort = words.has("quick")
  ? { rounds: 3, lap: 60, warm: 250, limit: 2000 }
  : { rounds: 11, lap: 150, warm: 600, limit: 10_000 };
const chosen = nine.filter((task) => label(task).includes(words.get("only") ?? ""));
const place = document.body.appendChild(document.createElement("pre"));

const bytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());

async function main(): Promise<Results> {
  // In a variable: it is the server's, and no bundler shall look for it.
  const parts = "/parts.js";
  const kernel = new Bare((await import(parts)) as Parts, await WebAssembly.compile(await bytes("/kernel.wasm")));
  const peaks: [string, Peak][] = [];
  for (const simd of ["strict", "relaxed"]) {
    const peak = Peak.open(await bytes(`/${simd}.wasm`));
    if (peak) peaks.push([simd, peak]);
  }
  const sample = () => {
    for (const [, peak] of peaks) peak.sample();
  };
  const rows: Results["rows"] = [];
  for (const task of chosen) {
    place.textContent = `${label(task)} …`;
    await new Promise((resolve) => setTimeout(resolve, 50)); // so that it is seen
    rows.push(await measure(task, kernel, sample));
    const { kernel: own, flops } = rows.at(-1)!;
    peaks.find(([simd]) => simd === "strict")?.[1].see(flops / leastOf(own) / 1e6);
  }
  const strict = peaks[0]![1].value;
  const lines = rows.flatMap(({ name, flops, kernel, fit }) =>
    [kernel, fit].map((s) => {
      const rate = flops / leastOf(s) / 1e6;
      const share = s === kernel ? ((100 * rate) / strict).toFixed(0) : "";
      return [`${name} ${s.name}`, digits(medianOf(s)), digits(leastOf(s)), digits(rate), share];
    }),
  );
  const text = [
    navigator.userAgent,
    ...peaks.map(([simd, peak]) => `Peak, ${simd} SIMD: ${digits(peak.value)} GFLOP/s`),
    "",
    table(["ms a step", "median", "least", "GFLOP/s", "% of peak"], lines),
  ].join("\n");
  place.textContent = text;
  return {
    browser: navigator.userAgent,
    isolated: crossOriginIsolated,
    rows,
    peaks: Object.fromEntries(peaks.map(([simd, { best }]) => [simd, best])),
    text,
  };
}

async function measure(task: Task, kernel: Bare, between: () => void): Promise<Results["rows"][number]> {
  const contestants = [
    ["kernel", kernel.training(describe(task), samples(task.shape), training)],
    ["fit", await byFit(task)],
  ] as const;
  try {
    const [own, fit] = (await alternate(contestants, effort, between)) as [Series, Series];
    return { name: label(task), flops: flops(task), kernel: own, fit };
  } finally {
    for (const [, contestant] of contestants) await contestant.close();
  }
}

const posted: Posted = await main().catch((error) => ({ error: String(error) }));
if ("error" in posted) place.textContent = posted.error;
await fetch("/results", { method: "POST", body: JSON.stringify(posted) });
