/** How calls of a loss of the user's own are marked, by a clock of the test's, and how the marks cross to the other side. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { Asking, marks, readMarks } from "../../../ts/worker/asking.js";
import type { Asked, Notice } from "../../../ts/worker/protocol.js";

afterEach(() => vi.unstubAllGlobals());

const none = new Float32Array();

/** A loss whose calls take so many milliseconds, and what is marked of them; `inside` is looked at while one lasts. */
function watched(inside: () => void = () => {}) {
  let clock = 0;
  let takes = 0;
  const marked: Asked[] = [];
  const asking = new Asking(
    (asked) => marked.push(asked),
    () => clock,
  );
  const work = () => {
    inside();
    clock += takes;
    return 1;
  };
  const loss = asking.around({ sum: work });
  return {
    asking,
    marked,
    /** After so many milliseconds of the kernel's. */
    call(after: number, milliseconds: number) {
      clock += after;
      takes = milliseconds;
      expect(loss.sum(none, none, none)).toBe(1);
    },
    told: () => marked.map(({ calls, asking }) => `${calls}${asking ? "+" : "-"}`).join(" "),
  };
}

describe("calls of a custom loss", () => {
  it("are marked one by one, however quickly they follow each other", () => {
    const { call, told } = watched();
    call(0, 1);
    call(0, 1);
    call(5, 0);
    call(1000, 50);
    expect(told()).toBe("1+ 1- 2+ 2- 3+ 3- 4+ 4-");
  });

  it("are marked before they begin and after they have returned", () => {
    const seen: string[] = [];
    const { call, told } = watched(() => seen.push(told()));
    call(0, 1);
    call(0, 1);
    expect(seen).toEqual(["1+", "1+ 1- 2+"]);
  });

  it("are told with the longest yet", () => {
    const { call, marked } = watched();
    call(0, 7);
    call(100, 300);
    call(100, 2);
    expect(marked.map(({ longest }) => longest)).toEqual([0, 7, 7, 300, 300, 300]);
  });

  it("count as the module's start does, which may throw", () => {
    const { asking, call, told } = watched();
    expect(asking.during(() => "opened")).toBe("opened");
    const fails = () => {
      throw new Error("no start");
    };
    expect(() => asking.during(fails)).toThrow("no start");
    call(0, 1);
    expect(told()).toBe("1+ 1- 2+ 2- 3+ 3-");
  });
});

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
