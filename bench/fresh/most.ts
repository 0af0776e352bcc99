/** The most memory that this process held, in MB. Not `resourceUsage().maxRSS`: on Linux that begins with what the parent held. */
import { readFileSync } from "node:fs";

export function most(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))!;
    return (Number(kilobytes) * 1024) / 1e6;
  } catch {
    // Nothing is given back while it lives, so that the end is the most.
    return process.memoryUsage().rss / 1e6;
  }
}
