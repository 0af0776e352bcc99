/** The worker of the package with the kernel of a few lines inside, for tests that need a real thread. */
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";

const here = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** An empty module, deflated: it compiles, and the fake takes no notice of it. */
const emptyWasm = deflateRawSync(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)).toString("base64");

async function bundle(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ bundle: true, format: "esm", write: false, ...options });
  return outputFiles?.[0]?.text ?? "";
}

async function fakeWorker(): Promise<string> {
  return bundle({
    entryPoints: [here("../../../ts/worker/entry.ts")],
    plugins: [
      {
        name: "fake kernel",
        setup({ onResolve }) {
          onResolve({ filter: /kernel\/load\.js$/ }, () => ({ path: here("fake-load.ts") }));
        },
      },
    ],
  });
}

/** Puts both where the build would have put the real ones; to be called before ts/worker/embedded.ts is imported. */
export async function installFakeWorker(): Promise<void> {
  Object.assign(globalThis, {
    __RETROGRAD_WORKER__: await fakeWorker(),
    __RETROGRAD_WASM__: emptyWasm,
    __RETROGRAD_RELAXED__: false,
  });
}

/** A program of its own, which imports from this folder and finds the fake worker as the built package finds the real one. */
export async function programWithFakeWorker(source: string): Promise<string> {
  return bundle({
    stdin: { contents: source, resolveDir: here("."), loader: "ts" },
    platform: "node",
    define: {
      __RETROGRAD_WORKER__: JSON.stringify(await fakeWorker()),
      __RETROGRAD_WASM__: JSON.stringify(emptyWasm),
      __RETROGRAD_RELAXED__: "false",
    },
  });
}
