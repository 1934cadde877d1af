/** A mapping as it is written, and what a person should check in it. */
export interface Detected {
  readonly format: 'table' | 'nem12' | 'json' | 'green_button';
  readonly mapping: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
  /** The beginning of the file's table, as it is. */
  readonly sample: { readonly columns: string[]; readonly rows: string[][] };
}
