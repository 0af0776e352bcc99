/**
 * What may come out of wasm: a string of JSON is bad input, known and harmless; anything else is a broken invariant.
 * After that the instance cannot be trusted (locked objects, a leaked shadow stack, memory out of bounds), so the worker has to go.
 */
import { type ErrorRecord, fromRecord } from "../errors.js";

/** Fatal: whoever catches it must drop the worker. */
export class Trap extends Error {
  readonly record: ErrorRecord;
  constructor(cause: unknown) {
    const text = panicText ?? (cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause));
    super(text, { cause });
    this.name = "Trap";
    this.record = { class: "WorkerError", code: "panic", message: `the kernel failed: ${text}` };
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

/** Calls into wasm; throws a RetrogradError or a Trap, nothing else. */
export function guard<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (typeof thrown !== "string") throw new Trap(thrown);
    throw fromRecord(JSON.parse(thrown) as ErrorRecord);
  }
}
