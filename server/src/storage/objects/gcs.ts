import { lazy } from './lazy.ts';
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
  const connection = lazy(async () => {
    const { Storage } = await import('@google-cloud/storage');
    return new Storage({
      ...(keyFile !== undefined && { keyFilename: keyFile }),
      ...(endpoint !== undefined && { apiEndpoint: endpoint, projectId: 'wattkeeper' }),
    }).bucket(name);
  });
  return {
    place: `gs://${name}`,
    put: async (key, file) => {
      await (await connection()).upload(file, { destination: key, resumable: false, validation: 'crc32c' });
    },
    fetch: async (key, file) => {
      await (await connection()).file(key).download({ destination: file });
    },
    list: async (prefix) => {
      const [files] = await (await connection()).getFiles({ prefix });
      return files.map((file) => ({ key: file.name, bytes: Number(file.metadata.size) }));
    },
    remove: async (key) => {
      await (await connection()).file(key).delete({ ignoreNotFound: true });
    },
    localPath: () => null,
    isMissing: (error) => (error as { code?: unknown }).code === 404,
  };
}
