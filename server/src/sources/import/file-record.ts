/** A record of a file: the cells of the mapped columns in their order (`after`: the cells to the right of the first slot), or the reason why it cannot be read. */
export type FileRecord =
  | { readonly position: number; readonly cells: readonly unknown[]; readonly after?: readonly string[] }
  | { readonly position: number; readonly broken: string };
