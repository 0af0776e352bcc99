/** Instantiates the compiled kernel; the only file that names what wasm-bindgen made. */
import { Finder, Generator, initSync, Learner, Model, Reader, Session, Trainer } from "../../build/wasm/retrograd.js";
import { listenForPanics } from "./guard.js";
import type { Kernel } from "./kernel.js";

export function load(module: WebAssembly.Module): Kernel {
  // First of all: a hook set after a panic would itself panic.
  listenForPanics();
  initSync({ module });
  // One by one: handing on the whole namespace would keep all of it in the bundle.
  return { Model, Reader, Session, Trainer, Learner, Generator, Finder };
}
