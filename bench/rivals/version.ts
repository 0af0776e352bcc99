/** The version of a package that was installed for the bench. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../inside/tree.js";

export function versionOf(name: string): string {
  const file = join(root, "bench/node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
