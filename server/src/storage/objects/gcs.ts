import { Storage } from '@google-cloud/storage';
import type { ObjectEngine } from './object-store.ts';

export interface GcsOptions {
  readonly bucket: string;
  /** JSON file of a service account; without it, the machine's own account. */
  readonly keyFile?: string | undefined;
  /** Of a server other than Google's, which is asked without credentials. */
  readonly endpoint?: string | undefined;
}

/** Objects in a bucket of Google Cloud Storage, which must exist. */
export function gcsObjects({ bucket: name, keyFile, endpoint }: GcsOptions): ObjectEngine {
  const storage = new Storage({
    ...(keyFile !== undefined && { keyFilename: keyFile }),
    ...(endpoint !== undefined && { apiEndpoint: endpoint, projectId: 'wattkeeper' }),
  });
  const bucket = storage.bucket(name);
  return {
    place: `gs://${name}`,
    put: async (key, file) => {
      await bucket.upload(file, { destination: key, resumable: false, validation: 'crc32c' });
    },
    fetch: async (key, file) => {
      await bucket.file(key).download({ destination: file });
    },
    list: async (prefix) => {
      const [files] = await bucket.getFiles({ prefix });
      return files.map((file) => ({ key: file.name, bytes: Number(file.metadata.size) }));
    },
    remove: async (key) => {
      await bucket.file(key).delete({ ignoreNotFound: true });
    },
    localPath: () => null,
    isMissing: (error) => (error as { code?: unknown }).code === 404,
  };
}
