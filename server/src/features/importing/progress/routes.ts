import { getImportProgress, putImportProgress } from '@wattkeeper/contract/endpoints/imports.ts';
import { ImportProgress } from '@wattkeeper/contract/import.ts';
import { NotFound } from '../../../domain/errors.ts';
import type { Api } from '../../../http/api.ts';
import { serve } from '../../../http/serve.ts';
import type { NamedStates } from '../../../storage/records/named-states.ts';

/** `/imports/{key}`: progress of an import of a file, so that it continues where it stopped, from any machine. */
export function importProgressRoutes(api: Api, states: NamedStates): void {
  serve(api, getImportProgress, async ({ params: { key } }) => {
    const progress = await importProgress(states, key);
    if (progress === undefined) throw new NotFound('this file was not imported with this mapping');
    return progress;
  });
  serve(api, putImportProgress, async ({ params: { key }, body }) => {
    await noteImportProgress(states, key, body);
    return body;
  });
}

/** Progress of an import; undefined if it never started. */
export async function importProgress(states: NamedStates, key: string): Promise<ImportProgress | undefined> {
  const kept = await states.get(`import:${key}`);
  return kept && ImportProgress.parse(kept.state);
}

export async function noteImportProgress(states: NamedStates, key: string, progress: ImportProgress): Promise<void> {
  await states.put(`import:${key}`, progress);
}
