/** A place that may be longer than the rule, and why no shorter form is better. */
export interface Exception {
  path: string;
  /** Only this function; without it, the whole file. */
  function?: string;
  reason: string;
}

/** Kept short: an entry that is no longer needed fails the test. */
export const LENGTH_EXCEPTIONS: readonly Exception[] = [
  {
    path: 'web/src/charts/gestures.ts',
    function: 'addGestures',
    reason: 'small listeners that share the fingers on one chart',
  },
  {
    path: 'web/src/data/queries.ts',
    function: 'createQueries',
    reason: 'a flat list of questions, one after the other',
  },
];

/** Exports that only tests use, each with its reason. */
export const TEST_ONLY_EXPORTS: ReadonlyMap<string, string> = new Map([
  ['server/src/domain/secrets.ts secretPaths', 'tests compare the secrets that schemas mark with a list'],
  ['server/src/storage/records/transfer.ts LEFT_OUT', 'tests compare the tables of a backup with those of the schema'],
]);
