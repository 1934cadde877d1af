import { z } from 'zod';
import { Instant } from './common.ts';

export const BackupName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/, 'must be the name of a backup as GET /storage/backups lists it')
  .meta({ examples: ['wattkeeper-2026-11-21T020000.000Z.backup'] });

export const Backup = z
  .object({
    name: BackupName,
    started_at: Instant,
    finished_at: Instant,
    version: z.string().meta({ description: 'Version of Wattkeeper that made it' }),
    bytes: z.number().int(),
    sha256: z.string(),
    encrypted: z.boolean(),
    series: z.number().int(),
    values: z.number().int(),
    rows: z.number().int().meta({ description: 'Rows of records' }),
    verified_at: Instant.nullable().meta({ description: 'When it was last read back and compared' }),
    archive: z
      .object({
        place: z.string(),
        objects: z.number().int().meta({ description: 'Files of the archive that the backup needs' }),
        bytes: z.number().int(),
        included: z.boolean().meta({ description: 'Copies of all of them lie beside the backup' }),
      })
      .nullable()
      .default(null)
      .meta({ description: 'Archived months, which are not in the backup itself; null: it lists none' }),
    problem: z.string().nullable().meta({ description: 'What the last verification found; null: nothing' }),
  })
  .meta({ id: 'Backup' });
export type Backup = z.infer<typeof Backup>;

/** A backup and where it is. */
export const KeptBackup = Backup.extend({
  local: z.boolean().meta({ description: 'In the backup folder of this machine' }),
  copied_to: z
    .string()
    .nullable()
    .meta({ description: 'Object store that has a copy', examples: ['s3://backups/house/'] }),
}).meta({ id: 'KeptBackup' });
export type KeptBackup = z.infer<typeof KeptBackup>;

export const RestoreRequest = z.object({
  without_archive: z.boolean().default(false).meta({
    description: 'Go on where files of the archive are missing or damaged; default: nothing is restored then',
  }),
  at: Instant.optional().meta({
    description: 'Bring everything back as it stood at this instant, from the archived journal; default: as backed up',
  }),
});
export type RestoreRequest = z.infer<typeof RestoreRequest>;
