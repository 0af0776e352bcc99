/** Words and tables on the terminal; plain where the output goes to a file. */

const bold = (text: string) => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[22m` : text);
const WIDTH = 100;

export function heading(text: string): void {
  console.log(`\n${bold(text)}\n${"─".repeat(text.length)}`);
}

/** A paragraph, broken at spaces. */
export function paragraph(text: string): void {
  console.log(wrap(text.replace(/\s+/g, " ").trim()));
}

/** Lines of a text, each no longer than the terminal is taken to be. */
export function wrap(text: string, indent = ""): string {
  const lines = text.split("\n").map((line) => {
    let rest = line;
    const pieces: string[] = [];
    while (rest.length > WIDTH - indent.length) {
      const space = rest.lastIndexOf(" ", WIDTH - indent.length);
      const end = space > 0 ? space : WIDTH - indent.length;
      pieces.push(rest.slice(0, end));
      rest = rest.slice(end).trimStart();
    }
    return [...pieces, rest].map((piece) => indent + piece).join("\n");
  });
  return lines.join("\n");
}

/** The first column to the left, the others to the right; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  rows.forEach((row, r) => {
    const cells = row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)));
    console.log(`  ${cells.join("   ").trimEnd()}`);
    if (r === 0) console.log(`  ${widths.map((w) => "─".repeat(w)).join("   ")}`);
  });
}

export function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
