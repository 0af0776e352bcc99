/** Stands in for kernel/load.ts. */
import { listenForPanics } from "../../../ts/kernel/guard.js";
import { fakeKernel } from "./fake-kernel.js";

export function load() {
  listenForPanics();
  return fakeKernel;
}
