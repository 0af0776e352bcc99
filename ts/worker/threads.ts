/** As much of node:worker_threads, node:fs/promises, node:buffer and node:zlib as is used here; the package does not depend on Node's types. */

export interface Thread {
  postMessage(message: unknown, transfer?: readonly unknown[]): void;
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "error" | "messageerror", listener: (error: unknown) => void): unknown;
  on(event: "exit", listener: (code: number) => void): unknown;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

export interface Threads {
  Worker?: new (worker: string | URL, options: { name: string; execArgv: string[]; eval?: boolean }) => Thread;
  parentPort: {
    postMessage(message: unknown): void;
    once(event: "message", listener: (message: unknown) => void): unknown;
  } | null;
}

export interface Files {
  readFile(url: URL): Promise<Uint8Array>;
}

export interface Buffers {
  Buffer: { from(text: string, encoding: "base64"): Uint8Array<ArrayBuffer> };
}

export interface Zlib {
  inflateRawSync(bytes: Uint8Array): Uint8Array<ArrayBuffer>;
}

interface Builtins {
  "node:worker_threads": Threads;
  "node:fs/promises": Files;
  "node:buffer": Buffers;
  "node:zlib": Zlib;
}

/** A built-in module in Node, Deno and Bun; undefined in browsers. Looked up at each use, so that no bundler sees it. */
export function builtin<K extends keyof Builtins>(name: K): Builtins[K] | undefined {
  type Host = { process?: { getBuiltinModule?: (name: string) => unknown } };
  return (globalThis as Host).process?.getBuiltinModule?.(name) as Builtins[K] | undefined;
}
