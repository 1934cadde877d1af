import { agentsOf } from '../../outbound/agents.ts';
import { Gate, type Server, serverOf } from '../../outbound/gate.ts';
import { lazy } from './lazy.ts';
import type { ObjectEngine } from './object-store.ts';

export interface GcsOptions {
  readonly bucket: string;
  /** JSON file of a service account; without it, the machine's own account. */
  readonly keyFile?: string | undefined;
  /** Of a server other than Google's, which is asked without credentials. */
  readonly endpoint?: string | undefined;
}

const GOOGLE: Server = { host: 'storage.googleapis.com', port: 443 };
/** Servers of all buckets: their clients share one pool of agents. */
const servers: Server[] = [];

/** Objects in a bucket of Google Cloud Storage, which must exist. */
export function gcsObjects({ bucket: name, keyFile, endpoint }: GcsOptions): ObjectEngine {
  const gate = endpoint === undefined ? null : Gate.to(endpoint, 'configuration');
  const opened = lazy(async () => {
    const [{ Storage }, { pool }] = await Promise.all([
      import('@google-cloud/storage'),
      import('teeny-request/build/src/agents.js'),
    ]);
    // The client takes no agents, but those that are in this pool already.
    servers.push(endpoint === undefined ? GOOGLE : serverOf(new URL(endpoint)));
    const { http, https } = agentsOf(new Gate(servers, 'configuration'));
    pool.set('http:forever', http).set('https:forever', https);
    return new Storage({
      ...(keyFile !== undefined && { keyFilename: keyFile }),
      ...(endpoint !== undefined && { apiEndpoint: endpoint, projectId: 'wattkeeper' }),
    }).bucket(name);
  });
  // Before the client, which would try an address that is refused again and again.
  const connection = async () => {
    await gate?.check();
    return opened();
  };
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
