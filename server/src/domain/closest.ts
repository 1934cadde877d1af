/** Longer names are not treated as misspellings. */
const MAX_CHARACTERS = 60;

/** The name among `allowed` with the smallest edit distance from `name`; undefined without one. */
export function closest(name: string, allowed: readonly string[]): string | undefined {
  if (name.length > MAX_CHARACTERS) return undefined;
  return allowed.toSorted((a, b) => distance(name, a) - distance(name, b))[0];
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
