/** What a measurement ran on. */
import { spawnSync } from "node:child_process";
import { cpus, loadavg, totalmem } from "node:os";

/** What Node was started with, V8's flags above all; without what ts/build/run.mjs adds, which is of no weight. */
export const flags = process.execArgv.filter((flag) => flag !== "--enable-source-maps");

export interface Machine {
  date: string;
  processor: string;
  cores: number;
  memory: string;
  node: string;
  v8: string;
  /** Those of NODE_OPTIONS too. */
  flags: string[];
  system: string;
  /** Runnable processes, mean of the last minute; before this one began. */
  load: number;
}

/** Of a tree; "+" when files differ from it. "unknown" outside git. */
export function commitOf(tree: string): string {
  const git = (...words: string[]) => spawnSync("git", words, { cwd: tree, encoding: "utf8" });
  const { status, stdout } = git("rev-parse", "--short=12", "HEAD");
  if (status !== 0) return "unknown";
  return stdout.trim() + (git("status", "--porcelain", "--untracked-files=no").stdout ? "+" : "");
}

export function machine(): Machine {
  return {
    date: new Date().toISOString(),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    node: process.version,
    v8: process.versions.v8,
    flags: [...flags, ...(process.env.NODE_OPTIONS?.split(" ") ?? [])],
    system: `${process.platform} ${process.arch}`,
    load: Number(loadavg()[0]!.toFixed(2)),
  };
}

export function describe(m: Machine): string {
  return [
    `${m.date}, ${m.processor}, ${m.cores} cores, ${m.memory}, ${m.system}, Node ${m.node.slice(1)} (V8 ${m.v8})${m.flags.map((flag) => ` ${flag}`).join("")}`,
    `load ${m.load} before the start${m.load > 0.5 ? ": other programs are at work, which slows both sides; trust minima and processor times" : ""}`,
  ].join("\n");
}
