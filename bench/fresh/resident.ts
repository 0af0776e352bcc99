/** Resident memory of this process, in bytes. */
import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** As node --expose-gc, from inside. */
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** When nothing is left that could be collected: buffers are freed some time after what owned them. */
export async function settled(): Promise<void> {
  for (let k = 0; k < 3; k++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const resident = (): number => process.memoryUsage().rss;

/** The most there was, since the process began or the peak was forgotten. Not `resourceUsage().maxRSS`: on Linux that begins with what the parent held. */
export function mostResident(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))!;
    return Number(kilobytes) * 1024;
  } catch {
    // Nothing is given back while it lives, so that the end is the most.
    return resident();
  }
}

/** From here on the most is that of what follows. */
export function forgetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Not Linux: mostResident reads the end there.
  }
}
