/**
 * npm run bench -- --against COMMIT: the kernel of this tree beside another commit's, in turn in one process, so that a loss
 * of speed is seen before it lands. The other commit is built in a git worktree below the system's temporary folder.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Case } from "./bench.js";
import { openKernel, root } from "./inside/tree.js";
import { commitOf } from "./machine.js";
import { describe, training } from "./rivals/retrograd.js";
import { alternate, type Effort, leastOf, type Series } from "./rounds.js";
import { layerCases } from "./rows/layers.js";
import { onlineCase } from "./rows/online.js";
import { outputCases } from "./rows/outputs.js";
import { digits, median, table } from "./table.js";
import { flops, label, largest, nine, samples, single, type Task } from "./task.js";

/** A row that lost more than this is named. */
const TOLERANCE = 0.03;

const stepCase = (task: Task): Case => ({
  name: label(task),
  flops: flops(task),
  open: (kernel) => kernel.training(describe(task), samples(task.shape), training),
});

const cases: Case[] = [...[...nine, largest, ...single].map(stepCase), ...layerCases, ...outputCases, onlineCase];

export async function against(
  commit: string,
  { quick, only }: { quick: boolean; only: readonly string[] },
): Promise<object> {
  const effort: Effort = quick
    ? { rounds: 7, lap: 50, warm: 300, limit: 4000 }
    : { rounds: 21, lap: 100, warm: 600, limit: 15_000 };
  const chosen = cases.filter(({ name }) => !only.length || only.some((word) => name.includes(word)));
  const other = checkOut(commit);
  try {
    const [ours, theirs] = [await openKernel(root), await openKernel(other.tree)];
    console.log(`\nThis tree (${commitOf(root)}) against ${commit} (${commitOf(other.tree)}), kernels alone`);
    const results: { name: string; theirs: Series; ours: Series; ratio: number; least: number }[] = [];
    for (const { name, open } of chosen) {
      process.stdout.write(`${name} ... `);
      const contestants = [
        [commit, open(theirs)],
        ["this tree", open(ours)],
      ] as const;
      const [before, now] = (await alternate(contestants, effort)) as [Series, Series];
      for (const [, contestant] of contestants) contestant.close();
      const ratio = median(now.rounds.map((ms, k) => ms / (before.rounds[k] ?? Number.NaN)));
      const least = leastOf(now) / leastOf(before);
      console.log(`${digits(ratio)} ${word(ratio, least)}`);
      results.push({ name, theirs: before, ours: now, ratio, least });
    }
    const rows = results.map(({ name, theirs, ours, ratio, least }) => {
      const times = [theirs, ours].flatMap((s) => [median(s.rounds), leastOf(s)]).map(digits);
      return [name, ...times, digits(ratio), digits(least), word(ratio, least)];
    });
    const head = ["ms (a thousand time steps online)", `${commit} median`, "least", "this tree median", "least"];
    console.log(`\n${table([...head, "time, × median", "× least", ""], rows)}`);
    console.log(
      `\nAbove 1 this tree is slower. ${verdict(results.filter(({ ratio, least }) => slower(ratio, least)))}`,
    );
    return { against: commit, results };
  } finally {
    other.remove();
  }
}

const slower = (ratio: number, least: number) => ratio > 1 + TOLERANCE && least > 1 + TOLERANCE;

/** One of the two alone is the machine's doing more often than not. */
function word(ratio: number, least: number): string {
  if (slower(ratio, least)) return "SLOWER";
  return ratio > 1 + TOLERANCE || least > 1 + TOLERANCE ? "perhaps slower: measure again" : "";
}

function verdict(lost: readonly { name: string }[]): string {
  const limit = `more than ${100 * TOLERANCE} %`;
  return lost.length ? `Lost ${limit}: ${lost.map(({ name }) => name).join(" · ")}` : `No row lost ${limit}.`;
}

function checkOut(commit: string): { tree: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "retrograd-against-"));
  const tree = join(folder, "tree");
  const run = (program: string, words: string[], cwd: string) => {
    const { status, error } = spawnSync(program, words, { cwd, stdio: "inherit" });
    if (status !== 0) throw new Error(`${program} ${words.join(" ")} failed${error ? `: ${error.message}` : ""}`);
  };
  const remove = () => {
    spawnSync("git", ["worktree", "remove", "--force", tree], { cwd: root });
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    run("git", ["worktree", "add", "--quiet", "--detach", tree, commit], root);
    run("./build.sh", [], tree);
  } catch (error) {
    remove();
    throw error;
  }
  return { tree, remove };
}
