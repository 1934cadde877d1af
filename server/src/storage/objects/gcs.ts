import { z } from 'zod';
import { agentsOf } from '../../outbound/agents.ts';
import { Gate, type Server, serverOf } from '../../outbound/gate.ts';
import { ServerUrl } from '../../outbound/server-address.ts';
import { lazy } from './lazy.ts';
import { KeyPrefix, type ObjectEngine } from './object-store.ts';

export const GcsOptions = z.strictObject({
  type: z.literal('gcs').describe('A bucket of Google Cloud Storage'),
  bucket: z.string().min(1),
  key_file: z.string().min(1).optional().describe("JSON file of a service account; default: the machine's credentials"),
  endpoint: ServerUrl.optional().describe('Endpoint of another server, which is queried without credentials'),
  prefix: KeyPrefix,
});

const GOOGLE: Server = { host: 'storage.googleapis.com', port: 443 };
/** Servers of all buckets: their clients share one pool of agents. */
const servers: Server[] = [];

/** Objects in a bucket of Google Cloud Storage, which must exist. */
export function gcsObjects({ bucket: name, key_file: keyFile, endpoint }: z.output<typeof GcsOptions>): ObjectEngine {
  const gate = endpoint === undefined ? null : Gate.to(endpoint, 'configuration');
  const opened = lazy(async () => {
    const [{ Storage }, { pool }] = await Promise.all([
      import('@google-cloud/storage'),
      import('teeny-request/build/src/agents.js'),
    ]);
    // The client accepts no agents other than those in this pool.
    servers.push(endpoint === undefined ? GOOGLE : serverOf(new URL(endpoint)));
    const { http, https } = agentsOf(new Gate(servers, 'configuration'));
    pool.set('http:forever', http).set('https:forever', https);
    return new Storage({
      ...(keyFile !== undefined && { keyFilename: keyFile }),
      ...(endpoint !== undefined && { apiEndpoint: endpoint, projectId: 'wattkeeper' }),
    }).bucket(name);
  });
  // Checked before the client, which would retry a rejected address repeatedly.
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
