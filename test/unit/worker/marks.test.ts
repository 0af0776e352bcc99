/** How marks of the calls of a custom loss cross to the other side, by a clock of the test's. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { marks, readMarks } from "../../../ts/worker/marks.js";
import type { Asked, Notice } from "../../../ts/worker/protocol.js";

afterEach(() => vi.unstubAllGlobals());

describe("marks", () => {
  /** Those that are sent, and what marks them. */
  const sender = (now?: () => number) => {
    const sent: Notice[] = [];
    return { sent, mark: marks((notice) => sent.push(notice), now) };
  };

  it("are read from shared memory, which is told once, with the first of them", () => {
    const { sent, mark } = sender();
    expect(sent).toEqual([]);
    mark({ calls: 1, asking: true, longest: 0 });
    const { board } = sent[0] as { board: Int32Array };
    expect(board.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(readMarks(board)).toEqual({ calls: 1, asking: true, longest: 0 });
    mark({ calls: 1, asking: false, longest: 7.2 });
    expect(readMarks(board)).toEqual({ calls: 1, asking: false, longest: 8 });
    mark({ calls: 2, asking: true, longest: 7.2 });
    expect(readMarks(board)).toEqual({ calls: 2, asking: true, longest: 8 });
    expect(sent).toHaveLength(1);
  });

  it("differ from call to call also where the counter has run over", () => {
    const { sent, mark } = sender();
    const read = (calls: number) => {
      mark({ calls, asking: true, longest: 0 });
      return readMarks((sent[0] as { board: Int32Array }).board).calls;
    };
    const found = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32].map(read);
    expect(new Set(found).size).toBe(4);
  });

  describe.each([
    ["is none", undefined],
    ["is a polyfill's", ArrayBuffer],
  ])("where shared memory %s", (_, shared) => {
    /** Calls of so many milliseconds after so many; what is told of them. */
    const told = async (...calls: [number, number][]) => {
      vi.stubGlobal("SharedArrayBuffer", shared);
      let clock = 0;
      const { sent, mark } = sender(() => clock);
      const said = () =>
        (sent as Asked[]).map((a) => `${a.calls}${a.asking ? "+" : "-"}${a.together ? "t" : ""}`).join(" ");
      calls.forEach(([after, milliseconds], i) => {
        clock += after;
        mark({ calls: i + 1, asking: true, longest: 0 });
        clock += milliseconds;
        mark({ calls: i + 1, asking: false, longest: 0 });
      });
      const before = said();
      await Promise.resolve(); // the call into the kernel has returned
      const after = said();
      mark({ calls: calls.length + 1, asking: true, longest: 0 }); // of the next one, at once
      return [before, after.slice(before.length).trim(), said().slice(after.length).trim()];
    };

    it("those of calls that are alone are a message each", async () => {
      expect(await told([0, 1], [20, 1], [5000, 900])).toEqual(["1+ 1- 2+ 2- 3+ 3-", "", "4+"]);
    });

    it("those of quick calls are told together, now and then, and their end when the kernel has returned", async () => {
      const quick = Array.from({ length: 100 }, (): [number, number] => [0.25, 0.25]);
      expect(await told([0, 1], ...quick)).toEqual(["1+ 1- 2+t 42+t 82+t", "82-", "102+"]);
    });

    it("one that is long is told to have ended, and what comes after it as before", async () => {
      expect(await told([0, 1], [1, 1], [1, 20], [1, 1], [30, 1])).toEqual(["1+ 1- 2+t 3- 4+t 5+ 5-", "", "6+"]);
    });
  });
});
