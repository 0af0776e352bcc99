// ts/api/methods.md: each row is whole, and every test that it names is there; each option that is a method has a row.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../ts/build/tools.mjs";

interface Row {
  heading: string;
  cells: string[];
}

const text = readFileSync(join(root, "ts/api/methods.md"), "utf8");

/** A bar behind a backslash is text. */
function rows(): Row[] {
  let heading = "";
  const found: Row[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("## ")) heading = line.slice(3);
    if (!line.startsWith("| ") || line.startsWith("| method |")) continue;
    const cells = line.replaceAll("\\|", "/").split("|").slice(1, -1);
    found.push({ heading, cells: cells.map((cell) => cell.trim()) });
  }
  return found;
}

/** `a.{b,c}.ts` is two. */
function expanded(path: string): string[] {
  const [, before, list, after] = /^(.*?)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  return list === undefined ? [path] : list.split(",").flatMap((part) => expanded(`${before}${part}${after}`));
}

/** Files and folders that a text names; one without a folder stands beside the one before. */
function paths(cell: string): string[] {
  let folder = "";
  const found: string[] = [];
  for (const [word] of cell.matchAll(/[\w./-]*(?:\{[\w,.-]+\}[\w./-]*)?/g)) {
    const path = word.replace(/[.,]$/, "");
    if (!path.includes("/") && !/\.(rs|ts)$/.test(path)) continue;
    for (const one of expanded(path.includes("/") ? path : join(folder, path))) found.push(one);
    if (path.includes("/")) folder = /\.\w+$/.test(path) ? dirname(path) : path;
  }
  return found;
}

describe("the table of methods", () => {
  const all = rows();

  test("has rows of four cells, none of them empty", () => {
    expect(all.length).toBeGreaterThan(90);
    for (const { heading, cells } of all) {
      expect(cells, `${heading}: ${cells[0]}`).toHaveLength(4);
      expect(
        cells.filter((cell) => cell === ""),
        `${heading}: ${cells[0]}`,
      ).toEqual([]);
    }
  });

  test("names tests that are there", () => {
    for (const [i, { heading, cells }] of all.entries()) {
      const tested = cells[3] ?? "";
      const above = all[i - 1]?.heading === heading;
      if (!(tested.startsWith("the same") && above)) expect(paths(tested), `${heading}: ${cells[0]}`).not.toEqual([]);
    }
    const missing = paths(text).filter(
      (path) => /^(crates|test|bench|ts)\//.test(path) && !existsSync(join(root, path)),
    );
    expect(missing).toEqual([]);
    const beside = all.flatMap(({ cells }) => paths(cells[3] ?? "")).filter((path) => !existsSync(join(root, path)));
    expect(beside).toEqual([]);
  });

  test("finds a path that is not there", () => {
    expect(paths("`crates/optim/tests/{papers,none}.rs`, settings.rs")).toEqual([
      "crates/optim/tests/papers.rs",
      "crates/optim/tests/none.rs",
      "crates/optim/tests/settings.rs",
    ]);
    expect(existsSync(join(root, "crates/optim/tests/none.rs"))).toBe(false);
  });

  test("has a row of each layer, optimiser, schedule, loss and metric", () => {
    const options = readFileSync(join(root, "ts/api/options.md"), "utf8");
    const named = [...options.matchAll(/^## (\w+)\(\)$/gm)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(60);
    const methods = all.map(({ cells }) => cells[0]!).join("\n");
    const missing = named.filter((name) => !new RegExp(`\`(\\w+: )?${name}\\b`).test(methods));
    expect(missing).toEqual([]);
  });
});
