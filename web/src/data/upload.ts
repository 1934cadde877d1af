import { ApiProblem, UNREACHABLE } from '@wattkeeper/contract/api-problem.ts';
import type { ApiClient } from '@wattkeeper/contract/client.ts';
import { addUploadPart, createUpload, getUpload } from '@wattkeeper/contract/endpoints/imports.ts';
import type { ImportUpload } from '@wattkeeper/contract/import.ts';

/** Attempts for one part while the server does not answer, and the pause before each retry. */
const MAX_ATTEMPTS = 5;
const PAUSE_MS = 1000;

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** Share of the file that the server has, 0 to 1. */
  readonly onProgress: (share: number) => void;
  readonly pauseMs?: number;
}

/** Sends a file in parts; after a loss, it continues from the server's offset. */
export async function uploadFile(
  api: ApiClient,
  file: File,
  { signal, onProgress, pauseMs = PAUSE_MS }: UploadOptions,
): Promise<ImportUpload> {
  let upload = await api.call(createUpload, { body: { name: file.name, bytes: file.size } });
  let attempts = 0;
  while (!upload.complete) {
    signal.throwIfAborted();
    try {
      const { id, received, max_part_bytes: maxBytes } = upload;
      const part = file.slice(received, received + maxBytes);
      upload = await api.call(addUploadPart, { params: { id }, bytes: part, query: { offset: received }, signal });
      attempts = 0;
      onProgress(upload.received / upload.bytes);
    } catch (error) {
      if (!isPassing(error) || ++attempts >= MAX_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      upload = await api.call(getUpload, { params: { id: upload.id } }).catch(() => upload);
    }
  }
  return upload;
}

/** The part or its acknowledgement was lost. */
function isPassing(error: unknown): boolean {
  return (
    error instanceof ApiProblem && [UNREACHABLE, 'conflict', 'unavailable', 'too_many_requests'].includes(error.code)
  );
}
