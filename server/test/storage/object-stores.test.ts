import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NotFound, Unavailable } from '../../src/domain/errors.ts';
import { type ObjectStoreOptions, openObjectStore } from '../../src/storage/objects/open-object-store.ts';
import { describeWith } from '../needs.ts';
import { answering } from './answering.ts';

let folder: string;
let port: number;
let server: ChildProcess | undefined;

async function start(program: string, args: (port: number, folder: string) => string[]): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'wattkeeper-objects-'));
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  port = (listener.address() as { port: number }).port;
  listener.close();
  await once(listener, 'close');
  server = spawn(program, args(port, folder), { stdio: 'ignore' });
  await answering(`http://127.0.0.1:${port}/`, server);
}

async function end(): Promise<void> {
  const child = server;
  server = undefined;
  if (child?.exitCode === null) {
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  }
  await rm(folder, { recursive: true, force: true });
}

/** Guarantees of every object store. */
function promises(options: () => ObjectStoreOptions, elsewhere: () => ObjectStoreOptions): void {
  const key = 'group=solar%20roof/month=2026-01/0001-ab.parquet';
  const other = 'group=load/x';
  const put = async (name: string, bytes: Uint8Array) => {
    const file = join(folder, 'source');
    await writeFile(file, bytes);
    await openObjectStore(options()).put(name, file);
  };
  const get = async (name: string) => {
    const file = join(folder, 'target');
    await openObjectStore(options()).fetch(name, file);
    return readFile(file);
  };

  it('returns files byte for byte, including large and empty ones, in their latest version', async () => {
    const large = Uint8Array.from({ length: 9_000_001 }, (_, i) => (i * 31) ^ (i >> 8));
    await put(key, large);
    expect((await get(key)).equals(large)).toBe(true);
    await put(key, new Uint8Array(0));
    expect(await get(key)).toHaveLength(0);
    await put(key, Uint8Array.of(1, 2, 3));
    expect([...(await get(key))]).toEqual([1, 2, 3]);
  });

  it('lists by prefix, with sizes', async () => {
    await put(key, Uint8Array.of(1, 2, 3));
    await put(other, Uint8Array.of(1));
    const store = openObjectStore(options());
    const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
    expect((await store.list('group=')).sort(byKey)).toEqual([
      { key: other, bytes: 1 },
      { key, bytes: 3 },
    ]);
    expect(await store.list('group=l')).toEqual([{ key: other, bytes: 1 }]);
    expect(await store.list('nothing')).toEqual([]);
  });

  it('throws NotFound for a missing object, and a second removal does no harm', async () => {
    await put(other, Uint8Array.of(1));
    const store = openObjectStore(options());
    await store.remove(other);
    await store.remove(other);
    await expect(get(other)).rejects.toBeInstanceOf(NotFound);
    expect(await store.list(other)).toEqual([]);
  });

  it('throws Unavailable, with the location, when the store cannot be used', async () => {
    const store = openObjectStore(elsewhere());
    await expect(store.put(key, join(folder, 'source'))).rejects.toSatisfy(
      (error) => error instanceof Unavailable && error.message.startsWith(store.place),
    );
  });
}

describe('a folder', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wattkeeper-objects-'));
  });
  afterAll(end);
  promises(
    () => ({ type: 'local', folder: join(folder, 'objects') }),
    () => ({ type: 'local', folder: join(folder, 'source') }),
  );

  it('deletes partial files of a killed process after a day, and no files of others', async () => {
    const objects = join(folder, 'drafts');
    const names = ['a.wattkeeper.part', 'b.wattkeeper.part', 'film.part'];
    const [old, , foreign] = names.map((name) => join(objects, name)) as [string, string, string];
    await mkdir(objects, { recursive: true });
    for (const name of names) await writeFile(join(objects, name), 'half');
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    for (const file of [old, foreign]) await utimes(file, longAgo, longAgo);
    expect(await openObjectStore({ type: 'local', folder: objects }).list('')).toEqual([
      { key: 'film.part', bytes: 4 },
    ]);
    expect((await readdir(objects)).sort()).toEqual(['b.wattkeeper.part', 'film.part']);
  });
});

describeWith('MOTO', 'S3', (program) => {
  const options = () => ({
    type: 's3' as const,
    bucket: 'energy',
    region: 'eu-central-1' as const,
    endpoint: `http://127.0.0.1:${port}`,
    access_key_id: 'key',
    secret_access_key: 'secret',
    prefix: 'my house/',
  });
  beforeAll(async () => {
    await start(program, (at) => ['-H', '127.0.0.1', '-p', String(at)]);
    const { endpoint, region, access_key_id: accessKeyId, secret_access_key: secretAccessKey } = options();
    const client = new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    const configuration = { LocationConstraint: options().region };
    await client.send(new CreateBucketCommand({ Bucket: 'energy', CreateBucketConfiguration: configuration }));
    client.destroy();
  });
  afterAll(end);
  promises(options, () => ({ ...options(), bucket: 'nobody' }));
});

describeWith('FAKE_GCS', 'Google Cloud Storage', (program) => {
  const options = () => ({
    type: 'gcs' as const,
    bucket: 'energy',
    endpoint: `http://127.0.0.1:${port}`,
    prefix: 'house/',
  });
  beforeAll(async () => {
    await start(program, (at) => ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(at), '-backend', 'memory']);
    await fetch(`http://127.0.0.1:${port}/storage/v1/b`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"energy"}',
    });
  });
  afterAll(end);
  promises(options, () => ({ ...options(), bucket: 'nobody' }));
});

describeWith('AZURITE', 'Azure Blob Storage', (program) => {
  /** The built-in account of Azurite. */
  const connectionString = () =>
    `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:${port}/devstoreaccount1;`;
  const options = () => ({
    type: 'azure' as const,
    container: 'energy',
    connection_string: connectionString(),
    prefix: 'house/',
  });
  beforeAll(async () => {
    await start(program, (at, place) => [
      '--blobHost',
      '127.0.0.1',
      '--blobPort',
      String(at),
      '--location',
      place,
      '--silent',
      '--skipApiVersionCheck',
    ]);
    await BlobServiceClient.fromConnectionString(connectionString()).getContainerClient('energy').create();
  });
  afterAll(end);
  promises(options, () => ({ ...options(), container: 'nobody' }));
});
