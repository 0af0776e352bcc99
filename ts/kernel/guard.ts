/**
 * What may come out of wasm: a string of JSON is bad input, known and harmless; anything else is a broken invariant.
 * After that the instance cannot be trusted (locked objects, a leaked shadow stack, memory out of bounds), so the worker has to go.
 */
import type { ErrorRecord } from "../errors.js";

/** Bad input, as data: it becomes an error of its class where it is rejected with. Harms nothing. */
export class Refusal {
  readonly record: ErrorRecord;
  constructor(record: ErrorRecord) {
    this.record = record;
  }
}

/** Fatal: whoever gets it must drop the worker. */
export class Trap {
  readonly record: ErrorRecord;
  constructor(cause: unknown) {
    this.record = { class: "WorkerError", code: "panic", message: `the kernel failed: ${panicText ?? cause}` };
  }
}

/** The last panic's text and place. The trap itself says "unreachable" and no more; a failed allocation says nothing here. */
let panicText: string | undefined;

/** To be called before the module is instantiated: crates/wasm imports it for its panic hook. */
export function listenForPanics(): void {
  (globalThis as { __retrogradPanic?: (text: string) => void }).__retrogradPanic = (text) => {
    panicText = text;
  };
}

/** What was thrown out of a call into wasm, or by what stands around it. */
export function judge(thrown: unknown): Refusal | Trap {
  if (thrown instanceof Refusal) return thrown;
  return typeof thrown === "string" ? new Refusal(JSON.parse(thrown)) : new Trap(thrown);
}
