/** The id to allocate next: one above the largest in use, so that an id is never given twice, whatever gaps the others have. */
export function nextId(used: Iterable<number>): number {
  let largest = -1;
  for (const id of used) if (id > largest) largest = id;
  return largest + 1;
}
