/**
 * Deflated bytes (RFC 1951) as they were: by Node's zlib where there is one, since the streams of the web cost Node some milliseconds when
 * they are first named; else by the browser's, which each one with SIMD in WebAssembly that is in use has.
 */
import { builtin } from "./threads.js";

export async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const zlib = builtin("node:zlib");
  if (zlib) return zlib.inflateRawSync(bytes);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
