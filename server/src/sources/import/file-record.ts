/** A record of a file: the cells of the wanted columns in their order (`after`: cells that are right of the first slot), or why it cannot be read. */
export type FileRecord =
  | { readonly position: number; readonly cells: readonly unknown[]; readonly after?: readonly string[] }
  | { readonly position: number; readonly broken: string };
