/**
 * The throw-away prototype's online step, where RETROGRAD_PROTOTYPE names the folder of its online_strict.wasm: what one
 * call over a thousand time steps can cost when everything but this task is left out. No part of it is in this repository.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Contestant, repeated } from "../rounds.js";
import { draw } from "../task.js";

interface Exports {
  memory: WebAssembly.Memory;
  ptr(which: number): number;
  reset(): void;
  lstm_steps(count: number, rate: number): number;
}

export async function prototype(): Promise<Contestant | undefined> {
  const folder = process.env.RETROGRAD_PROTOTYPE;
  if (!folder) return undefined;
  const module = await WebAssembly.compile(await readFile(join(folder, "online_strict.wasm")));
  const { exports } = await WebAssembly.instantiate(module, { env: { now: () => performance.now() } });
  const { memory, ptr, reset, lstm_steps } = exports as unknown as Exports;
  reset();
  new Float32Array(memory.buffer, ptr(4), 8000).set(draw(8000, 1));
  new Float32Array(memory.buffer, ptr(5), 1000).set(draw(1000, 2));
  return repeated(() => void lstm_steps(1000, 1e-3));
}
