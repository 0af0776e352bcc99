/** What somebody may have meant: a name in another spelling, or a slip of the keyboard. */

/** `did you mean "orders"?`, if any of `known` looks like `given`. `most`: edits between the two. */
export function didYouMean(
  given: string,
  known: readonly string[],
  most = Number.POSITIVE_INFINITY,
): string | undefined {
  const wanted = fold(given);
  let best: string | undefined;
  let least = Math.min(Math.floor(wanted.length / 3), most) + 1;
  // Long lists (a vocabulary of words) are not worth the wait; what is far down is as likely meant as what is not.
  for (const name of known.slice(0, 10_000)) {
    const distance = edits(wanted, fold(name), least);
    if (distance < least) [best, least] = [name, distance];
  }
  return best === undefined ? undefined : `did you mean ${JSON.stringify(best)}?`;
}

/** Lower case without marks: `order_count` and `OrderCount` are one. */
function fold(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, "");
}

/** Levenshtein's edit distance; `least` where it cannot be below that. */
function edits(a: string, b: string, least: number): number {
  if (Math.abs(a.length - b.length) >= least) return least;
  const row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    let diagonal = row[0]!;
    row[0] = i + 1;
    for (let j = 0; j < b.length; j++) {
      const changed = diagonal + (a[i] === b[j] ? 0 : 1);
      diagonal = row[j + 1]!;
      row[j + 1] = Math.min(changed, row[j]! + 1, diagonal + 1);
    }
  }
  return row[b.length]!;
}
