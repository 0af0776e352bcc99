/** What a worker tells of a loss of the user's own, by a clock of the test's. */
import { expect, it } from "vitest";
import { Asking } from "../../../ts/worker/asking.js";

/** A loss whose calls take so many milliseconds, and what is told of them: + for begun, - for returned. */
function watched() {
  let clock = 0;
  let told = "";
  const longest: number[] = [];
  const tell = (asked: { asking: boolean; longest: number }) => {
    told += asked.asking ? "+" : "-";
    longest.push(asked.longest);
  };
  let takes = 0;
  const sum = () => {
    told += ".";
    clock += takes;
    return 1;
  };
  const loss = new Asking(tell, () => clock).around({ sum });
  const none = new Float32Array();
  return {
    /** After so many milliseconds of the kernel's. */
    call(after: number, milliseconds: number) {
      clock += after;
      takes = milliseconds;
      expect(loss.sum(none, none, none)).toBe(1);
    },
    told: () => told,
    longest,
  };
}

it("tells quick calls together, and that they are over when their task is", async () => {
  const { call, told } = watched();
  call(0, 1); // of the first one nothing is known
  expect(told()).toBe("+.-");
  for (let i = 0; i < 3; i++) call(5, 1);
  expect(told()).toBe("+.-+...");
  await Promise.resolve();
  expect(told()).toBe("+.-+...-");
  call(5, 1);
  await Promise.resolve();
  expect(told()).toBe("+.-+...-+.-");
});

it("tells each call by itself that comes after long work of the kernel", async () => {
  const { call, told } = watched();
  for (let i = 0; i < 3; i++) call(1000, 50);
  expect(told()).toBe("+.-+.-+.-");
  call(5, 50); // at once after another
  call(1000, 50);
  expect(told()).toBe("+.-+.-+.-+.+.-");
  await Promise.resolve();
  expect(told()).toBe("+.-+.-+.-+.+.-");
});

it("tells the longest call yet", async () => {
  const { call, longest } = watched();
  call(0, 7);
  call(100, 300);
  call(100, 2);
  expect(longest).toEqual([0, 7, 7, 300, 300, 300]);
});
