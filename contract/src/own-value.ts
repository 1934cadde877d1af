/**
 * The value under an own key of plain data. An external name must not find inherited properties, such as `constructor`:
 * tables of the code are `Map`s, and records that arrived as JSON are read with this.
 */
export function ownValue<T>(record: Readonly<Record<string, T>> | null | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}
