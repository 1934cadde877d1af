import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import {
  ImportDetection,
  ImportDetectionRequest,
  ImportKey,
  ImportPlaces,
  ImportPlacesRequest,
  ImportPreview,
  ImportPreviewRequest,
  ImportProgress,
  ImportRunRequest,
  ImportUpload,
  ImportUploadCreate,
  ImportUploadPartQuery,
  MAX_UPLOAD_PART_BYTES,
} from '../import.ts';
import { Job } from '../job.ts';

const KeyParams = z.object({ key: ImportKey });
const UploadParams = z.object({ id: z.uuid().meta({ description: 'Id of the upload' }) });

export const getImportProgress = endpoint({
  method: 'GET',
  path: '/imports/:key',
  tag: 'ingest',
  params: KeyParams,
  summary: 'Progress of the import of a file',
  answers: { 200: ImportProgress },
  scope: 'write',
});

export const putImportProgress = endpoint({
  method: 'PUT',
  path: '/imports/:key',
  tag: 'ingest',
  params: KeyParams,
  summary: 'Record the progress of the import of a file',
  body: ImportProgress,
  answers: { 200: ImportProgress },
  scope: 'write',
});

export const createUpload = endpoint({
  method: 'POST',
  path: '/imports/uploads',
  tag: 'import',
  summary: 'Announce a file to import',
  description:
    'Its bytes follow in parts. A file is stored for 24 h after its last use, at most until the service restarts.',
  body: ImportUploadCreate,
  answers: { 201: ImportUpload },
  scope: 'write',
  audit: 'import.upload',
});

export const getUpload = endpoint({
  method: 'GET',
  path: '/imports/uploads/:id',
  tag: 'import',
  params: UploadParams,
  summary: 'Upload progress of a file',
  answers: { 200: ImportUpload },
  scope: 'write',
});

export const removeUpload = endpoint({
  method: 'DELETE',
  path: '/imports/uploads/:id',
  tag: 'import',
  params: UploadParams,
  summary: 'Remove an uploaded file',
  answers: { 204: z.null() },
  scope: 'write',
  audit: 'import.remove_upload',
});

export const addUploadPart = endpoint({
  method: 'POST',
  path: '/imports/uploads/:id/parts',
  tag: 'import',
  params: UploadParams,
  summary: 'Send the next bytes of a file',
  description: `The body is application/octet-stream, at most ${MAX_UPLOAD_PART_BYTES} bytes. 409 states the expected offset.`,
  query: ImportUploadPartQuery,
  answers: { 200: ImportUpload },
  scope: 'write',
});

export const detectUpload = endpoint({
  method: 'POST',
  path: '/imports/uploads/:id/detection',
  tag: 'import',
  params: UploadParams,
  summary: 'Detect the format of a file and propose a mapping',
  description: 'Possible after the first 64 KB have arrived.',
  body: ImportDetectionRequest,
  answers: { 200: ImportDetection },
  scope: 'write',
});

export const previewUpload = endpoint({
  method: 'POST',
  path: '/imports/uploads/:id/preview',
  tag: 'import',
  params: UploadParams,
  summary: 'Preview the first rows of a file with a mapping',
  body: ImportPreviewRequest,
  answers: { 200: ImportPreview },
  scope: 'write',
});

export const runImport = endpoint({
  method: 'POST',
  path: '/imports/uploads/:id/runs',
  tag: 'import',
  params: UploadParams,
  summary: 'Import an uploaded file, or read it in a dry run; the result is an ImportResult',
  body: ImportRunRequest,
  answers: { 202: Job },
  scope: 'write',
  audit: 'import.run',
});

export const placeImport = endpoint({
  method: 'POST',
  path: '/imports/places',
  tag: 'import',
  summary: 'Find or create the site and the devices of imported data',
  body: ImportPlacesRequest,
  answers: { 200: ImportPlaces },
  scope: 'write',
  audit: 'import.places',
});
