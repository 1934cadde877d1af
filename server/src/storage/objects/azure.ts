import { BlobServiceClient, RestError } from '@azure/storage-blob';
import type { ObjectEngine } from './object-store.ts';

export interface AzureOptions {
  readonly container: string;
  /** As the portal shows it, with an account key or a shared access signature. */
  readonly connectionString: string;
}

/** Objects as block blobs of a container of Azure Blob Storage, which must exist. */
export function azureObjects({ container: name, connectionString }: AzureOptions): ObjectEngine {
  const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient(name);
  return {
    place: container.url,
    put: async (key, file) => {
      await container.getBlockBlobClient(key).uploadFile(file);
    },
    fetch: async (key, file) => {
      await container.getBlobClient(key).downloadToFile(file);
    },
    list: async (prefix) => {
      const objects = [];
      for await (const { name: key, properties } of container.listBlobsFlat({ prefix })) {
        objects.push({ key, bytes: properties.contentLength ?? 0 });
      }
      return objects;
    },
    remove: async (key) => {
      await container.getBlobClient(key).deleteIfExists();
    },
    localPath: () => null,
    isMissing: (error) => error instanceof RestError && error.statusCode === 404,
  };
}
