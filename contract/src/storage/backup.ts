import { z } from 'zod';
import { Instant } from '../common.ts';

export const BackupName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/, 'must be the name of a backup from GET /storage/backups')
  .meta({
    description: 'Name of the backup, which contains the time of its creation',
    examples: ['wattkeeper-2026-11-21T020000.000Z.backup'],
  });

export const Backup = z
  .object({
    name: BackupName,
    started_at: Instant.meta({ description: 'Start of the backup' }),
    finished_at: Instant.meta({ description: 'End of the backup' }),
    version: z.string().meta({ description: 'Version of Wattkeeper that created it' }),
    bytes: z
      .number()
      .int()
      .meta({ description: 'Size of its file, bytes', examples: [48_213_000] }),
    sha256: z.string().meta({ description: 'SHA-256 of its file, in hex' }),
    encrypted: z.boolean().meta({ description: 'Whether its file is encrypted' }),
    series: z
      .number()
      .int()
      .meta({ description: 'Series (a metric of a device) in it', examples: [42] }),
    values: z
      .number()
      .int()
      .meta({ description: 'Values of all series', examples: [3_500_000] }),
    rows: z.number().int().meta({ description: 'Rows of records: sites, devices, tariffs, baselines …' }),
    verified_at: Instant.nullable().meta({ description: 'Time of its last verification; null: never' }),
    archive: z
      .object({
        place: z.string().meta({ description: 'Object store of the archive', examples: ['s3://archive/house/'] }),
        objects: z.number().int().meta({ description: 'Files of the archive that the backup needs' }),
        bytes: z.number().int().meta({ description: 'Size of these files, bytes' }),
        included: z.boolean().meta({ description: 'Whether copies of all of them are stored with the backup' }),
      })
      .nullable()
      .default(null)
      .meta({ description: 'Archived months, which are not in the backup itself; null: it lists none' }),
    problem: z.string().nullable().meta({ description: 'Problem found by the last verification; null: none' }),
  })
  .meta({ id: 'Backup', description: 'A copy of all records and readings' });
export type Backup = z.infer<typeof Backup>;

/** A backup and its location. */
export const KeptBackup = Backup.extend({
  local: z.boolean().meta({ description: 'Whether it is in the backup folder of this machine' }),
  copied_to: z
    .string()
    .nullable()
    .meta({ description: 'Object store that has a copy; null: none', examples: ['s3://backups/house/'] }),
}).meta({ id: 'KeptBackup', description: 'A backup and its location' });
export type KeptBackup = z.infer<typeof KeptBackup>;

export const RestoreRequest = z.object({
  without_archive: z.boolean().default(false).meta({
    description:
      'Restore although files of the archive are missing or damaged; default: nothing is restored in this case',
  }),
  at: Instant.optional().meta({
    description: 'Restore the state at this instant, from the journal history; default: the state of the backup',
  }),
});
export type RestoreRequest = z.infer<typeof RestoreRequest>;
