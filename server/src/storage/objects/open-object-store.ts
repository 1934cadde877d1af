import { z } from 'zod';
import { AzureOptions, azureObjects } from './azure.ts';
import { GcsOptions, gcsObjects } from './gcs.ts';
import { LocalOptions, localObjects } from './local.ts';
import { type ObjectEngine, ObjectStore } from './object-store.ts';
import { S3Options, s3Objects } from './s3.ts';

/** Object stores by `type`, as in the configuration. */
export const ObjectStoreOptions = z.discriminatedUnion('type', [LocalOptions, S3Options, GcsOptions, AzureOptions]);
export type ObjectStoreOptions = z.output<typeof ObjectStoreOptions>;

/** The engine of each type. */
const ENGINES: { [T in ObjectStoreOptions['type']]: (options: OptionsOf<T>, defaultFolder: string) => ObjectEngine } = {
  local: ({ folder }, defaultFolder) => localObjects(folder ?? defaultFolder),
  s3: s3Objects,
  gcs: gcsObjects,
  azure: azureObjects,
};
type OptionsOf<T extends ObjectStoreOptions['type']> = Extract<ObjectStoreOptions, { type: T }>;

/**
 * Does not contact the place: errors appear at the first use.
 * @param defaultFolder of a local store whose options name none; default: the working folder
 */
export function openObjectStore<T extends ObjectStoreOptions['type']>(
  options: OptionsOf<T> & { readonly type: T },
  defaultFolder = '.',
): ObjectStore {
  const engine = ENGINES[options.type](options, defaultFolder);
  return new ObjectStore(engine, 'prefix' in options ? options.prefix : '');
}
