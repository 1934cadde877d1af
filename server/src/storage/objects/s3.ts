import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectEngine } from './object-store.ts';

export interface S3Options {
  readonly bucket: string;
  readonly region: string;
  /** Of another provider than AWS: `https://minio.example.org:9000`. */
  readonly endpoint?: string | undefined;
  /** Without keys, those of the environment or of the machine's role. */
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
}

/** Objects in a bucket of S3 or of anything that speaks its protocol. The bucket must exist; an object holds at most 5 GB. */
export function s3Objects({ bucket, region, endpoint, accessKeyId, secretAccessKey }: S3Options): ObjectEngine {
  const client = new S3Client({
    region,
    // Other providers lack the checksums that AWS sends by default; every object is read back and compared anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
  });
  return {
    place: `s3://${bucket}`,
    put: async (key, file) => {
      const { size } = await stat(file);
      const Body = createReadStream(file);
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentLength: size }));
    },
    fetch: async (key, file) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      await pipeline(Body as Readable, createWriteStream(file));
    },
    list: async (prefix) => {
      const objects = [];
      for await (const { Contents } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
        for (const { Key, Size } of Contents ?? []) objects.push({ key: Key as string, bytes: Size ?? 0 });
      }
      return objects;
    },
    remove: async (key) => {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    localPath: () => null,
    isMissing: (error) => (error as Error).name === 'NoSuchKey',
  };
}
