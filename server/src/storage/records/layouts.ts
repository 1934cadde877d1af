/** Dashboard layouts, each a user's own, as JSON that only the web app understands. */
export interface Layouts {
  get(userId: string, name: string): Promise<unknown | undefined>;
  put(userId: string, name: string, layout: unknown): Promise<void>;
}
