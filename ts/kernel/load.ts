/** Instantiates the compiled kernel; the only file that names what wasm-bindgen made. */
import * as glue from "../../build/wasm/retrograd.js";
import { guard, listenForPanics } from "./guard.js";
import type { RawKernel } from "./raw.js";

export function load(module: WebAssembly.Module): RawKernel {
  // First of all: a hook set after a panic would itself panic.
  listenForPanics();
  guard(() => glue.initSync({ module }));
  return glue;
}
