/**
 * A loss of the user's own, compiled by AssemblyScript (`asc --exportRuntime`), in the same worker as the kernel that asks it:
 *
 *   export function loss(prediction: Float32Array, target: Float32Array, gradient: Float32Array): f64
 *
 * gives the sum of the losses of some rows and writes its derivatives by the predictions. What it throws is told aside: inside a
 * call into the kernel nothing may be thrown.
 */
/** @license @assemblyscript/loader, by the AssemblyScript authors. SPDX-License-Identifier: Apache-2.0 */
import { type ASUtil, instantiateSync } from "@assemblyscript/loader";
import { Refusal } from "../kernel/guard.js";
import type { OwnLoss } from "../kernel/model.js";

type Loss = (prediction: number, target: number, gradient: number) => number;
type Exports = { loss: { original: Loss }; Float32Array_ID: WebAssembly.Global; __rtti_base: WebAssembly.Global };

/** What `asc --exportRuntime` adds, as far as it is used here. */
const RUNTIME = [
  ["__new", "function"],
  ["__pin", "function"],
  ["__unpin", "function"],
  ["__rtti_base", "global"],
  ["memory", "memory"],
] as const;
const PATH = "loss.module";
/** Of an array's header. */
const BYTE_LENGTH = 8;

/** A module that imports `a.b`, a function of three i32 that gives an f64: linking looks at types, which JavaScript cannot. */
const SIGNATURE = [
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...[1, 8, 1, 96, 3, 127, 127, 127, 1, 124], // type (i32, i32, i32) → f64
  ...[2, 7, 1, 1, 97, 1, 98, 0, 0], // import of a.b, of that type
];

/**
 * @param failed told what it throws; the call that is being made gives NaN.
 * @throws Refusal when the bytes are no such module.
 */
export function openLoss(bytes: BufferSource, failed: (failure: Refusal) => void): OwnLoss {
  const module = compile(bytes);
  checkImports(module);
  checkExports(module);
  const exports = instantiate(module);
  const loss = exports.loss.original;
  checkSignature(loss);
  const [p, t, g] = [1, 2, 3].map(() => new Place(exports)) as [Place, Place, Place];
  checkArray(exports, p);
  const resize = (rows: number, targets: number) => {
    p.fit(rows);
    t.fit(targets);
    g.fit(rows);
  };

  return {
    sum(prediction, target, gradient) {
      try {
        try {
          resize(prediction.length, target.length);
        } catch {
          // No memory for room to grow in beside what is there: without both it may be enough.
          for (const place of [p, t, g]) place.release();
          exports.__collect?.();
          resize(prediction.length, target.length);
        }
        p.view().set(prediction);
        t.view().set(target);
        g.view().fill(0);
        const sum = loss(p.pointer, t.pointer, g.pointer);
        if (gradient.length > 0) gradient.set(g.view());
        return sum;
      } catch (thrown) {
        failed(broken(`it failed: ${text(thrown)}`));
        return Number.NaN;
      }
    },
  };
}

/** A `Float32Array` in the module's memory, in room that grows: batches differ in length. */
class Place {
  readonly #util: ASUtil & Exports;
  #room = -1;
  pointer = 0;

  constructor(util: ASUtil & Exports) {
    this.#util = util;
  }

  /** Makes it so long, and twice as long as before at least if it grows. What is in it then is anything. Throws where there is no memory for that. */
  fit(length: number): void {
    const { __newArray, __pin, memory } = this.#util;
    if (length > this.#room) {
      const room = Math.max(length, 2 * this.#room);
      const pointer = __pin(__newArray(this.#util.Float32Array_ID.value, room));
      this.release();
      this.pointer = pointer;
      this.#room = room;
    }
    new DataView(memory!.buffer).setUint32(this.pointer + BYTE_LENGTH, 4 * length, true);
  }

  /** Lets go of what there is: what it is made next is just as long. */
  release(): void {
    if (this.pointer) this.#util.__unpin(this.pointer);
    this.pointer = 0;
    this.#room = -1;
  }

  /** Anew for each use: the module's memory may have grown. */
  view(): Float32Array {
    return this.#util.__getFloat32ArrayView(this.pointer);
  }
}

function compile(bytes: BufferSource): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (thrown) {
    throw refuse("a WebAssembly module", text(thrown));
  }
}

function checkImports(module: WebAssembly.Module): void {
  const foreign = WebAssembly.Module.imports(module).find(
    ({ module, name, kind }) => module !== "env" || name !== "abort" || kind !== "function",
  );
  if (foreign)
    throw refuse("a module that imports nothing but env.abort", `an import of ${foreign.module}.${foreign.name}`);
}

function checkExports(module: WebAssembly.Module): void {
  const kinds = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  if (kinds.get("loss") !== "function") throw refuse("an exported function loss", exported(kinds));
  const missing = RUNTIME.find(([name, kind]) => kinds.get(name) !== kind);
  if (missing) throw refuse("a module compiled with --exportRuntime", `no ${missing[0]}`);
  if (kinds.get("Float32Array_ID") !== "global") {
    throw refuse("`export const Float32Array_ID = idof<Float32Array>()`", exported(kinds));
  }
}

function instantiate(module: WebAssembly.Module): ASUtil & Exports {
  try {
    return instantiateSync<Exports>(module).exports;
  } catch (thrown) {
    throw broken(`it did not start: ${text(thrown)}`);
  }
}

function checkSignature(loss: Loss): void {
  const signature = new WebAssembly.Module(new Uint8Array(SIGNATURE));
  try {
    new WebAssembly.Instance(signature, { a: { b: loss } });
  } catch {
    const expected = "loss(prediction: Float32Array, target: Float32Array, gradient: Float32Array): f64";
    throw refuse(expected, "one of other arguments or another result");
  }
}

/** The number may be that of another class, or of none. */
function checkArray(exports: ASUtil & Exports, place: Place): void {
  let kind: string;
  try {
    place.fit(1);
    kind = exports.__getArrayView(place.pointer).constructor.name;
    // What the runtime knows of classes: a number for each, whose lowest bits are typed array, Array and StaticArray.
    const types = Number(exports.__rtti_base) + 4;
    const flags = new DataView(exports.memory!.buffer).getUint32(types + 4 * exports.Float32Array_ID.value, true);
    if ((flags & 7) !== 1) kind = "that of another class";
  } catch (thrown) {
    kind = text(thrown);
  }
  if (kind !== "Float32Array") throw refuse("Float32Array_ID to be idof<Float32Array>()", kind);
}

const exported = (kinds: ReadonlyMap<string, string>) => `exports ${[...kinds.keys()].join(", ") || "of nothing"}`;

function refuse(expected: string, received: string): Refusal {
  const message = `${PATH}: expected ${expected}, got ${received}`;
  return new Refusal({ class: "ConfigError", code: "wrongLoss", message, path: PATH, expected, received });
}

function broken(what: string): Refusal {
  return new Refusal({ class: "ConfigError", code: "brokenLoss", message: `${PATH}: ${what}`, path: PATH });
}

function text(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
