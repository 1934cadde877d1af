/** The next id: one above the highest used, so that an id is never reused, whatever the gaps. */
export function nextId(used: Iterable<number>): number {
  let largest = -1;
  for (const id of used) if (id > largest) largest = id;
  return largest + 1;
}
