import { TimeZone } from '@wattkeeper/contract/site.ts';
import { z } from 'zod';
import { FilePath } from '../../domain/file-path.ts';
import { EMBEDDED_TIMEOUT_MS, readTimeout } from '../read-timeout.ts';

/**
 * Gzip JSON lines, one file a day, which anything can read, in a folder that may also hold the records of older installations. For small
 * sites and short spans: every query unpacks whole days. One process at a time has the folder, which is created where it is missing.
 */
export const FileOptions = z.strictObject({
  type: z.literal('file').describe('Gzip JSON, one file a day, beside the records of older installations'),
  name: z.string().min(1).default('file'),
  path: FilePath.optional().describe('Folder; default: telemetry-files in data_dir'),
  retention_days: z
    .number()
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Files of days are removed this many days after the day and after the last write to them; null keeps them. Records of older installations always stay',
    ),
  timezone: TimeZone.default('UTC').describe('Zone of the times in records of older installations'),
  device: z
    .string()
    .min(1)
    .optional()
    .describe('Id of the device of these records; default: their system.inverter_serial, else Inverter'),
  read_timeout_ms: readTimeout(EMBEDDED_TIMEOUT_MS),
});
export type FileOptions = z.output<typeof FileOptions>;
