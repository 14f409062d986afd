/** Processor time of pages' main threads, as Linux accounts for it in `/proc`. */
import { readdirSync, readFileSync } from "node:fs";

/** In the command line of a process that holds pages: Chromium's, Firefox's. */
const PAGE_PROCESS = /--type=renderer|-contentproc.*\btab\b/;

/**
 * Milliseconds that the main thread of each of a browser's page processes has run so far, by
 * process.
 */
export function mainThreadsMs(browserPid: number): Map<number, number> {
  const times = new Map<number, number>();
  for (const pid of descendants(browserPid)) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      if (!PAGE_PROCESS.test(command)) continue;
      // A process's main thread has its number. The first field is nanoseconds on a processor:
      // https://docs.kernel.org/scheduler/sched-stats.html
      const [ns] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ");
      times.set(pid, Number(ns) / 1e6);
    } catch {
      // It has ended since; a process that matters does not.
    }
  }
  return times;
}

/** The largest growth of one process: that of the only page that does something. */
export function mostGrown(before: Map<number, number>, after: Map<number, number>): number {
  const grown = [...after].map(([pid, ms]) => ms - (before.get(pid) ?? ms));
  if (grown.length === 0) throw new Error("no page process of the browser in /proc");
  return Math.max(...grown);
}

function descendants(ancestor: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(name);
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  const waiting = [ancestor];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    found.push(pid);
    waiting.push(...(children.get(pid) ?? []));
  }
  return found;
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Behind the name, which stands in brackets and may hold anything, come state and parent.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null; // It has ended since.
  }
}
