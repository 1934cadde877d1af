import { type AzureOptions, azureObjects } from './azure.ts';
import { type GcsOptions, gcsObjects } from './gcs.ts';
import { localObjects } from './local.ts';
import { ObjectStore } from './object-store.ts';
import { type S3Options, s3Objects } from './s3.ts';

/** Where objects are kept; told apart by `type`. */
export type ObjectStoreOptions =
  | { readonly type: 'local'; readonly folder: string }
  | ({ readonly type: 's3'; readonly prefix: string } & S3Options)
  | ({ readonly type: 'gcs'; readonly prefix: string } & GcsOptions)
  | ({ readonly type: 'azure'; readonly prefix: string } & AzureOptions);

/** Asks nothing of the place yet: whether it is there shows at the first use. */
export function openObjectStore(options: ObjectStoreOptions): ObjectStore {
  switch (options.type) {
    case 'local':
      return new ObjectStore(localObjects(options.folder), '');
    case 's3':
      return new ObjectStore(s3Objects(options), options.prefix);
    case 'gcs':
      return new ObjectStore(gcsObjects(options), options.prefix);
    case 'azure':
      return new ObjectStore(azureObjects(options), options.prefix);
  }
}
