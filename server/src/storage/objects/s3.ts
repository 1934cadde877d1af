import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SECRET } from '@wattkeeper/contract/access/secret.ts';
import { z } from 'zod';
import { agentsOf } from '../../outbound/agents.ts';
import { Gate } from '../../outbound/gate.ts';
import { ServerUrl } from '../../outbound/server-address.ts';
import { lazy } from './lazy.ts';
import { KeyPrefix, type ObjectEngine } from './object-store.ts';

export const S3Options = z.strictObject({
  type: z.literal('s3').describe('A bucket of S3 or of a compatible service'),
  bucket: z.string().min(1),
  region: z.string().min(1).default('us-east-1'),
  endpoint: ServerUrl.optional().describe('Endpoint of a provider other than AWS'),
  access_key_id: z.string().min(1).optional().describe("Default: the machine's credentials"),
  secret_access_key: z.string().min(1).meta(SECRET).optional(),
  prefix: KeyPrefix,
});

/** Objects in a bucket of S3 or of a compatible service. The bucket must exist; an object has at most 5 GB. */
export function s3Objects(options: z.output<typeof S3Options>): ObjectEngine {
  const { bucket, region, endpoint, access_key_id: accessKeyId, secret_access_key: secretAccessKey } = options;
  const agents = agentsOf(
    endpoint === undefined ? new Gate(null, 'configuration') : Gate.to(endpoint, 'configuration'),
  );
  const connection = lazy(async () => {
    const sdk = await import('@aws-sdk/client-s3');
    const client = new sdk.S3Client({
      region,
      // Other providers lack the checksums that AWS sends by default; every object is read back and compared anyway.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { httpAgent: agents.http, httpsAgent: agents.https },
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      ...(accessKeyId !== undefined &&
        secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
    });
    return { sdk, client };
  });
  return {
    place: `s3://${bucket}`,
    put: async (key, file) => {
      const { sdk, client } = await connection();
      const { size } = await stat(file);
      const Body = createReadStream(file);
      await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentLength: size }));
    },
    fetch: async (key, file) => {
      const { sdk, client } = await connection();
      const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }));
      await pipeline(Body as Readable, createWriteStream(file));
    },
    list: async (prefix) => {
      const { sdk, client } = await connection();
      const objects = [];
      for await (const { Contents } of sdk.paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
        for (const { Key, Size } of Contents ?? []) objects.push({ key: Key as string, bytes: Size ?? 0 });
      }
      return objects;
    },
    remove: async (key) => {
      const { sdk, client } = await connection();
      await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    localPath: () => null,
    isMissing: (error) => (error as Error).name === 'NoSuchKey',
  };
}
