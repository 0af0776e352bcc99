/** From whatever the caller has to a compiled module. The one inside the package is compiled once for all models. */
import { WorkerError } from "../errors.js";
import { relaxed, wasmBase64 } from "./embedded.js";
import { readUrl } from "./spawn.js";

export type WasmSource = URL | BufferSource | Response | WebAssembly.Module;

let embedded: Promise<WebAssembly.Module> | undefined;

export function compile(source?: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return Promise.resolve(source);
  if (source) return compileBytes(source);
  embedded ??= compileEmbedded();
  return embedded;
}

async function compileEmbedded(): Promise<WebAssembly.Module> {
  const bytes = decode(wasmBase64);
  if (relaxed && !WebAssembly.validate(bytes)) {
    const message =
      'retrograd/fast: this engine has no relaxed SIMD (Node 22 has it, Chromium 114); import "retrograd"';
    throw new WorkerError(message, { code: "noRelaxedSimd" });
  }
  return compileBytes(bytes);
}

async function compileBytes(source: URL | BufferSource | Response): Promise<WebAssembly.Module> {
  try {
    if (source instanceof URL) return await WebAssembly.compile(await readUrl(source));
    if (source instanceof Response) return await WebAssembly.compile(await source.arrayBuffer());
    return await WebAssembly.compile(source);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const hint = /content security policy/i.test(text) ? "; the policy must hold: script-src 'wasm-unsafe-eval'" : "";
    throw new WorkerError(`the WebAssembly module could not be compiled: ${text}${hint}`);
  }
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
