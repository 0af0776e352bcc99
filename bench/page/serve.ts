/** The page and what it loads, on the loopback; takes what it posts. */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { build } from "esbuild";
import { builds, partsOf, root } from "../inside/tree.js";
import type { Posted, Results } from "./page.js";

const files: Record<string, () => Promise<string | Buffer>> = {
  "/": async () =>
    '<!doctype html><meta charset="utf-8"><title>Retrograd</title><body><script type="module" src="/page.js"></script>',
  "/page.js": program,
  "/parts.js": () => partsOf(root),
  "/retrograd.js": () => readFile(join(root, "dist/index.js")),
  "/kernel.wasm": () => readFile(join(root, builds.strict)),
  "/strict.wasm": () => readFile(join(root, "bench/peak/strict.wasm")),
  "/relaxed.wasm": () => readFile(join(root, "bench/peak/relaxed.wasm")),
};
const types: Record<string, string> = { js: "text/javascript", wasm: "application/wasm" };

export async function serve(
  finished: (results: Results) => void,
  failed: (message: string) => void,
): Promise<{ address: string; close(): void }> {
  const take = async (request: IncomingMessage) => {
    const posted = (await json(request)) as Posted;
    if ("error" in posted) failed(posted.error);
    else finished(posted);
    return "";
  };
  const server = createServer(async (request, response) => {
    const path = (request.url ?? "/").split("?")[0]!;
    try {
      const answer = request.method === "POST" && path === "/results" ? () => take(request) : files[path];
      if (!answer) return void response.writeHead(404).end();
      // Isolated, its clock is ten times finer. The package does not need it.
      response.setHeader("cross-origin-opener-policy", "same-origin");
      response.setHeader("cross-origin-embedder-policy", "require-corp");
      response.setHeader("content-type", types[path.split(".")[1] ?? ""] ?? "text/html");
      response.end(await answer());
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const close = () => {
    server.close();
    // A browser may hold a connection open that it will not use again.
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}

async function program(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, "bench/page/page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    alias: { retrograd: "/retrograd.js" },
    external: ["/retrograd.js"],
  });
  return outputFiles[0]!.text;
}
