import { TimeZone } from '@wattkeeper/contract/site.ts';
import { z } from 'zod';
import { FilePath } from '../../domain/file-path.ts';
import { EMBEDDED_TIMEOUT_MS, readTimeout } from '../read-timeout.ts';

/**
 * Gzip JSON lines, one file a day, readable by any program, in a folder that may also contain the records of older installations. For small
 * sites and short windows: every query unpacks whole days. One process can use the folder at a time; it is created if missing.
 */
export const FileOptions = z.strictObject({
  type: z.literal('file').describe('Gzip JSON, one file a day, next to the records of older installations'),
  name: z.string().min(1).default('file'),
  path: FilePath.optional().describe('Folder; default: telemetry-files in data_dir'),
  retention_days: z
    .number()
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Files of days are deleted this many days after the day or the last write to them, whichever is later; null keeps them. Records of older installations are never deleted',
    ),
  timezone: TimeZone.default('UTC').describe('Time zone of the records of older installations'),
  device: z
    .string()
    .min(1)
    .optional()
    .describe('Id of the device of these records; default: their system.inverter_serial, else Inverter'),
  read_timeout_ms: readTimeout(EMBEDDED_TIMEOUT_MS),
});
export type FileOptions = z.output<typeof FileOptions>;
