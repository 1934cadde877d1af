/** A record of a file: the cells of the wanted columns in their order, or why it cannot be read. */
export type FileRecord =
  | { readonly position: number; readonly cells: readonly unknown[] }
  | { readonly position: number; readonly broken: string };
