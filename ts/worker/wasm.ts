/** From whatever the caller has to a compiled module. The one inside the package is compiled once for all models. */
import { WorkerError } from "../errors.js";
import { decode } from "./base64.js";
import { relaxed, wasmBase64 } from "./embedded.js";
import { inflate } from "./inflate.js";
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
  const bytes = await inflate(decode(wasmBase64));
  if (relaxed && !WebAssembly.validate(bytes)) {
    const message =
      'retrograd/fast: this engine has no relaxed SIMD (Node 22 has it, Chromium 114); import "retrograd"';
    throw new WorkerError(message, { code: "noRelaxedSimd" });
  }
  return compileBytes(bytes);
}

async function compileBytes(source: URL | BufferSource | Response): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(await bytesOf(source));
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const hint = /content security policy/i.test(text) ? "; the policy must hold: script-src 'wasm-unsafe-eval'" : "";
    throw new WorkerError(`the WebAssembly module could not be compiled: ${text}${hint}`);
  }
}

/** A response by its shape: the name `Response` alone makes Node load all of its fetch, which takes 15 ms. */
function bytesOf(source: URL | BufferSource | Response): BufferSource | Promise<BufferSource> {
  if (source instanceof URL) return readUrl(source);
  return "arrayBuffer" in source ? source.arrayBuffer() : source;
}
