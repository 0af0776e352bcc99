/** How a source is called: by hand, without a run. */
import { describe, expect, it } from "vitest";
import { Batches, type Pulled } from "../../../ts/api/batches.js";
import type { BatchSource, Samples } from "../../../ts/data/values.js";

const batch: Samples = { x: [[1]], y: [1] };

async function kinds(source: BatchSource, used: number, passes: number, pulls: number): Promise<Pulled["kind"][]> {
  const batches = new Batches(source, used, passes);
  const pulled: Pulled["kind"][] = [];
  while (pulled.length < pulls) pulled.push((await batches.pull()).kind);
  return pulled;
}

describe("a source", () => {
  const calls: number[][] = [];
  function* three(start: number, pass: number) {
    calls.push([start, pass]);
    for (let i = start; i < 3; i++) yield batch;
  }

  it("goes on inside a pass, and begins the next one at its beginning", async () => {
    calls.length = 0;
    expect(await kinds(three, 2, 5, 5)).toEqual(["batch", "end", "batch", "batch", "batch"]);
    expect(calls).toEqual([
      [2, 5],
      [0, 6],
    ]);
  });

  it("ends a pass whose rest is empty", async () => {
    calls.length = 0;
    expect(await kinds(three, 3, 0, 2)).toEqual(["end", "batch"]);
    expect(calls).toEqual([
      [3, 0],
      [0, 1],
    ]);
  });

  it("that gives a promise is refused with what waits", async () => {
    await expect(kinds((async () => [batch]) as never, 0, 0, 1)).rejects.toThrow(/async generator function$/);
    await expect(kinds((() => 5) as never, 0, 0, 1)).rejects.toThrow(/as a generator does$/);
  });

  it("is at its end when another pass gives nothing, and refused when the first one does", async () => {
    const once = three(0, 0);
    expect(await kinds(() => once, 0, 0, 5)).toEqual(["batch", "batch", "batch", "end", "finished"]);
    expect(await kinds(() => [], 3, 0, 2)).toEqual(["end", "finished"]);
    await expect(kinds(() => [], 0, 4, 1)).rejects.toMatchObject({ name: "DataError", path: "data" });
  });
});
