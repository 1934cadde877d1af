import type { StoragePipelineOptions } from '@azure/storage-blob';
import { SECRET } from '@wattkeeper/contract/access/secret.ts';
import { z } from 'zod';
import { isNeverConnected } from '../../outbound/addresses.ts';
import { agentsOf } from '../../outbound/agents.ts';
import { Gate, serverOf } from '../../outbound/gate.ts';
import { NEVER_CONNECTED } from '../../outbound/server-address.ts';
import { lazy } from './lazy.ts';
import { KeyPrefix, type ObjectEngine } from './object-store.ts';

export const AzureOptions = z.strictObject({
  type: z.literal('azure').describe('A container of Azure Blob Storage'),
  container: z.string().min(1),
  connection_string: z
    .string()
    .min(1)
    .refine(isConnected, NEVER_CONNECTED)
    .meta(SECRET)
    .describe('As the portal shows it, with an account key or a shared access signature'),
  prefix: KeyPrefix,
});

/** Objects as block blobs of a container of Azure Blob Storage, which must exist. */
export function azureObjects({
  container: name,
  connection_string: connectionString,
}: z.output<typeof AzureOptions>): ObjectEngine {
  const endpoint = endpointOf(connectionString);
  const connection = lazy(async () => {
    const { BlobServiceClient } = await import('@azure/storage-blob');
    const { http, https } = agentsOf(gateTo(endpoint));
    // The pipeline accepts an agent, although its type does not declare one.
    const options = { agent: endpoint.startsWith('http:') ? http : https } as StoragePipelineOptions;
    return BlobServiceClient.fromConnectionString(connectionString, options).getContainerClient(name);
  });
  return {
    place: `${endpoint}/${name}`,
    put: async (key, file) => {
      await (await connection()).getBlockBlobClient(key).uploadFile(file);
    },
    fetch: async (key, file) => {
      await (await connection()).getBlobClient(key).downloadToFile(file);
    },
    list: async (prefix) => {
      const objects = [];
      for await (const { name: key, properties } of (await connection()).listBlobsFlat({ prefix })) {
        objects.push({ key, bytes: properties.contentLength ?? 0 });
      }
      return objects;
    },
    remove: async (key) => {
      await (await connection()).getBlobClient(key).deleteIfExists();
    },
    localPath: () => null,
    isMissing: (error) => (error as { statusCode?: unknown }).statusCode === 404,
  };
}

/** A connection string without an address is rejected by the client. */
function gateTo(endpoint: string): Gate {
  return URL.canParse(endpoint) && serverOf(new URL(endpoint)).port !== 0
    ? Gate.to(endpoint, 'configuration')
    : new Gate(null, 'configuration');
}

/** Address of the account in a connection string, which contains the address or the name of the account. */
function endpointOf(connectionString: string): string {
  const setting = (name: string) => new RegExp(`(?:^|;)\\s*${name}=([^;]+)`, 'i').exec(connectionString)?.[1]?.trim();
  const account = setting('AccountName');
  return (setting('BlobEndpoint') ?? (account ? `https://${account}.blob.core.windows.net` : 'azure:')).replace(
    /\/$/,
    '',
  );
}

/** Whether no setting of a connection string is a forbidden address. */
function isConnected(connectionString: string): boolean {
  const values = connectionString.split(';').map((setting) => setting.slice(setting.indexOf('=') + 1).trim());
  return !values.some((value) => URL.canParse(value) && isNeverConnected(new URL(value).hostname));
}
