import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { ObjectEngine } from '../../src/storage/objects/object-store.ts';
import { S3Options, s3Objects } from '../../src/storage/objects/s3.ts';
import { answering } from './answering.ts';

const CREDENTIALS = { accessKeyId: 'key', secretAccessKey: 'secret' };
const KEYS = { access_key_id: CREDENTIALS.accessKeyId, secret_access_key: CREDENTIALS.secretAccessKey };
const REGION = 'eu-central-1';

/** An S3 server on a free loopback port, with its objects in memory. */
export interface S3Server {
  readonly client: S3Client;
  /** The configuration of a bucket for the service. */
  engine(bucket: string): ObjectEngine;
  /** Environment in which a setting such as `BACKUP__COPY_TO` refers to a bucket. */
  environment(setting: string, bucket: string, prefix: string): Record<string, string>;
  stop(): Promise<void>;
}

/** @param program the part MOTO */
export async function startS3Server(program: string, ...buckets: string[]): Promise<S3Server> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const client = new S3Client({ endpoint, region: REGION, forcePathStyle: true, credentials: CREDENTIALS });
  const stop = async () => {
    client.destroy();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill();
    await exited;
  };
  try {
    await answering(endpoint, child);
    for (const bucket of buckets) {
      const configuration = { LocationConstraint: REGION } as const;
      await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: configuration }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    client,
    stop,
    engine: (bucket) => s3Objects(S3Options.parse({ type: 's3', bucket, region: REGION, endpoint, ...KEYS })),
    environment: (setting, bucket, prefix) => ({
      [`WATTKEEPER_${setting}__TYPE`]: 's3',
      [`WATTKEEPER_${setting}__BUCKET`]: bucket,
      [`WATTKEEPER_${setting}__PREFIX`]: prefix,
      [`WATTKEEPER_${setting}__REGION`]: REGION,
      [`WATTKEEPER_${setting}__ENDPOINT`]: endpoint,
      [`WATTKEEPER_${setting}__ACCESS_KEY_ID`]: CREDENTIALS.accessKeyId,
      [`WATTKEEPER_${setting}__SECRET_ACCESS_KEY`]: CREDENTIALS.secretAccessKey,
    }),
  };
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  listener.close();
  await once(listener, 'close');
  return port;
}
