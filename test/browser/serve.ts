// A page of its own for each program of pages/, in Chromium, under the strictest policy the package can live with.

import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";

/** What packaging asks of a site: the kernel's compilation, and a worker from a Blob. No cross-origin isolation. */
export const policy = "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];

export interface Site {
  /** Opens a new page whose program pages/NAME.ts is loaded, cross-origin isolated after NAME?isolated, and calls what it exports as `main`. */
  open(name: string): Promise<{ page: Page; result: unknown; complaints: string[] }>;
  close(): Promise<void>;
}

export async function serve(executablePath: string): Promise<Site> {
  const server = await listen();
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let browser: Browser;
  try {
    browser = await chromium.launch({ executablePath, args: [...switches, ...quiet] });
  } catch (error) {
    server.close();
    throw error;
  }
  return {
    async open(name) {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
      });
      await page.goto(`${origin}/${name}`);
      // The program leaves a promise; a string keeps vitest from rewriting what runs in the page.
      const result = await page.evaluate("globalThis.finished");
      return { page, result, complaints };
    },
    async close() {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** On a free port of the loopback. It keeps no process alive. */
function listen(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://127.0.0.1");
    const path = pathname.slice(1);
    response.setHeader("content-security-policy", policy);
    if (search === "?isolated") {
      response.setHeader("cross-origin-opener-policy", "same-origin");
      response.setHeader("cross-origin-embedder-policy", "require-corp");
    }
    try {
      if (path === "favicon.ico") return void response.writeHead(204).end();
      const script = path.endsWith(".js");
      const body = script
        ? await source(path.slice(0, -3))
        : `<!doctype html><script type="module" src="/${path}.js"></script>`;
      response.setHeader("content-type", script ? "text/javascript" : "text/html");
      response.end(body);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  server.unref();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

/** The built package as it is, or a program of pages/ that imports it from beside itself. */
async function source(name: string): Promise<string | Buffer> {
  if (name === "retrograd") return readFile(here("../../dist/index.js"));
  const { outputFiles } = await build({
    stdin: {
      contents: `import { main } from "./${name}.js"; globalThis.finished = main();`,
      resolveDir: here("pages"),
    },
    bundle: true,
    write: false,
    format: "esm",
    alias: { retrograd: "/retrograd.js" },
    external: ["/retrograd.js"],
  });
  return outputFiles[0]!.text;
}
