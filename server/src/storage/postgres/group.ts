/** Column names that the table or PostgreSQL uses itself. */
const TAKEN = new Set(['device', 'ts', 'tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);
/** Names that are used unchanged; others are numbered, since PostgreSQL truncates names at 63 bytes. */
const PLAIN = /^[a-z_][a-z0-9_]{0,40}$/;

/** A metric group and its table, partitioned by month in UTC. */
export interface Group {
  readonly id: number;
  readonly name: string;
  /** Quoted. */
  readonly table: string;
  /** Quantity → number. */
  readonly quantities: ReadonlyMap<string, number>;
  /** Quantity → quoted column. */
  readonly columns: ReadonlyMap<string, string>;
  /** Months that have a partition; null: chunks are created automatically. */
  readonly months: ReadonlySet<number> | null;
}

export function makeGroup(
  id: number,
  name: string,
  quantities: ReadonlyMap<string, number>,
  months: Iterable<number> | null,
): Group {
  const columns = [...quantities].map(([quantity, number]): [string, string] => {
    const plain = PLAIN.test(quantity) && !TAKEN.has(quantity);
    return [quantity, quote(plain ? quantity : `q$${number}`)];
  });
  const table = quote(tableName(id, name));
  return { id, name, table, quantities, columns: new Map(columns), months: months && new Set(months) };
}

export function tableName(id: number, name: string): string {
  return `samples_${suffixOf(id, name)}`;
}

export function suffixOf(id: number, name: string): string {
  return PLAIN.test(name) ? name : `$${id}`;
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
