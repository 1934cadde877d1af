/** A mapping as written, and notes on what the user should check. */
export interface Detected {
  readonly format: 'table' | 'nem12' | 'json' | 'green_button';
  readonly mapping: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
  /** The first rows of the file's table, unchanged. */
  readonly sample: { readonly columns: string[]; readonly rows: string[][] };
}
