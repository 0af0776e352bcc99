/** How calls of a loss of the user's own are marked, by a clock of the test's. */
import { describe, expect, it } from "vitest";
import { Asking } from "../../../ts/worker/asking.js";
import type { Asked } from "../../../ts/worker/protocol.js";

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
