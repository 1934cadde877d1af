import { SECRET } from '@wattkeeper/contract/access/secret.ts';
import { byName } from '@wattkeeper/contract/named-record.ts';
import { Cron } from 'croner';
import { z } from 'zod';
import { FilePath, pathFault } from '../domain/file-path.ts';
import { HttpUrl, Port, ServerUrl } from '../outbound/server-address.ts';
import { MIN_MEMORY_BYTES } from '../storage/memory/memory-options.ts';
import { ObjectStoreOptions } from '../storage/objects/open-object-store.ts';
import { folderFault, StoreOptions } from '../storage/open-store.ts';
import { RecordsOptions } from '../storage/records/records-options.ts';
import { LimitsConfig } from './limits.ts';

/** Tags with which common clients describe an entire device: Telegraf's global tags, Home Assistant, ESPHome, the TSBS benchmark. */
const DESCRIPTIVE_TAGS = [
  ...[
    'site',
    'location',
    'region',
    'country',
    'city',
    'building',
    'datacenter',
    'dc',
    'rack',
    'team',
    'environment',
    'env',
  ],
  ...[
    'service',
    'service_version',
    'service_environment',
    'os',
    'arch',
    'platform',
    'version',
    'firmware',
    'manufacturer',
  ],
  ...['model', 'friendly_name', 'unit', 'unit_of_measurement', 'device_class', 'state_class', 'icon', 'fstype', 'mode'],
  ...['domain=sensor', 'source=HA', 'source=hass', 'instance=prod'],
];

const Bytes = z.number().int().positive();

/** Age, in days, at which telemetry moves from the primary store to the archive. */
const AfterDays = z.number().int().min(31).max(36_600);

/** Age, in days, at which raw readings may be deleted. The minimum leaves time for late readings. */
const RawDays = z.number().int().min(7).max(36_600);
const RollupDays = z.number().int().min(31).max(36_600).nullable();

function isSchedule(text: string): boolean {
  if (text.trim().split(/\s+/).length !== 5) return false;
  try {
    return new Cron(text, { paused: true }).nextRun() !== null;
  } catch {
    return false;
  }
}

/** `true` is not allowed: it would trust any sender, who could forge any address in X-Forwarded-For. */
const TrustedProxies = z.union(
  [z.int().min(0).max(10), z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).max(100)],
  {
    error:
      'must be the number of reverse proxies before the service (0 to 10; usually 1), or a list of their addresses or networks such as 127.0.0.1, 10.0.0.0/8',
  },
);

export const Config = z
  .strictObject({
    data_dir: FilePath.prefault('./data').describe('Folder of everything that is kept'),
    http: z
      .strictObject({
        host: z
          .string()
          .min(1)
          .default('127.0.0.1')
          .describe('Address to listen on; anything but loopback needs credentials'),
        port: Port.default(8001),
        prefix: z
          .string()
          .regex(/^(\/[A-Za-z0-9._~-]+)*\/?$/, 'must be a path such as /api/analytics')
          .default('')
          .describe('Path under which a reverse proxy shows the service, when it does not take it off'),
        public_url: HttpUrl.optional().describe('Address that people type; stands in the sign-in link'),
        max_body_bytes: Bytes.default(32 * 1024 * 1024).describe(
          'Largest request of readings, also unpacked, and all that are read together',
        ),
        cors_origins: z.array(z.string()).default([]),
        allowed_hosts: z
          .array(
            z
              .string()
              .regex(/^\.?[a-z0-9-]+(\.[a-z0-9-]+)*$/i, 'must be a name such as energy.example.org or .example.org'),
          )
          .default([])
          .describe(
            'Names of the service besides addresses, local names and that of public_url; .example.org: all under it',
          ),
        trust_proxy: TrustedProxies.default(0).describe(
          'Reverse proxies whose X-Forwarded-* headers hold: how many stand before the service, or a list of their addresses and networks',
        ),
      })
      .prefault({}),
    auth: z
      .strictObject({
        admin_token: z
          .string()
          .min(16, 'must have at least 16 characters')
          .meta(SECRET)
          .optional()
          .describe('Administrator API token'),
        audit_retention_days: z
          .number()
          .int()
          .min(31)
          .default(731)
          .describe('Older entries of the audit log are removed'),
      })
      .prefault({}),
    demo: z
      .strictObject({
        enabled: z.boolean().optional().describe('Default: on while no device of your own is known'),
        history_days: z.number().int().min(0).max(3660).default(90),
        profile: z.enum(['home', 'rv', 'factory']).default('home'),
        seed: z.number().int().default(1),
      })
      .prefault({}),
    persistence: z
      .boolean()
      .default(true)
      .describe('Off: everything lives in memory and nothing is written to the data folder'),
    records: RecordsOptions.default({ type: 'sqlite' }),
    stores: z
      .array(StoreOptions)
      .min(1)
      .max(10)
      .prefault([{ type: 'duckdb' }]),
    analytics: z
      .strictObject({
        memory_retention_hours: z.number().positive().max(720).default(2).describe('Span of the memory window'),
        memory_max_bytes: Bytes.min(MIN_MEMORY_BYTES)
          .default(32 * 1024 * 1024)
          .describe('Bound of the memory window'),
      })
      .prefault({}),
    limits: LimitsConfig,
    ingest: z
      .strictObject({
        store_pause_ms: z
          .number()
          .int()
          .min(0)
          .max(60_000)
          .default(1000)
          .describe('Least time between two writes to a store'),
        device_tags: z
          .array(z.string().min(1))
          .min(1)
          .default(['device_id', 'device', 'host', 'entity_id'])
          .describe('Line protocol: the first of these tags that a line has names the device'),
        label_tags: z
          .array(z.string().min(1))
          .default(DESCRIPTIVE_TAGS)
          .describe('Line protocol: tags, or tag=value, that describe a device and do not tell its series apart'),
      })
      .prefault({}),
    imports: z
      .strictObject({
        folders: z
          .array(FilePath)
          .min(1)
          .max(20)
          .optional()
          .describe('Requests may name files below these folders alone; default: imports in data_dir'),
      })
      .prefault({}),
    migration: z
      .strictObject({
        influxdb: z
          .strictObject({
            url: ServerUrl.optional().describe('Address that these are for; they are sent to no other'),
            username: z.string().min(1).optional(),
            password: z.string().meta(SECRET).optional(),
            token: z.string().min(1).meta(SECRET).optional().describe('2.x and 3.x'),
            org: z.string().min(1).optional().describe('2.x'),
          })
          .prefault({})
          .refine(
            ({ url, username, token }) => url !== undefined || (username ?? token) === undefined,
            'needs the url that username, password and token are for',
          )
          .describe('How the InfluxDB that is migrated from lets us in'),
      })
      .prefault({}),
    backup: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Make one every day by itself'),
        folder: FilePath.optional().describe('Default: backups in data_dir; better on another disk'),
        schedule: z
          .string()
          .default('0 2 * * *')
          .refine(isSchedule, 'must be a cron expression of five fields, such as 0 2 * * *')
          .describe("When, in the site's time: minute hour day month weekday"),
        copy_to: ObjectStoreOptions.optional().describe('Where copies of backups are sent; default: nowhere'),
        copy_journal: z
          .string()
          .default('0 * * * *')
          .refine(isSchedule, 'must be a cron expression of five fields, such as */15 * * * *')
          .describe(
            'When what came in between backups is sent there as well; at most that much is lost with the machine',
          ),
        include_archive: z
          .boolean()
          .default(false)
          .describe('Also keep copies of archived months beside the backups, each once'),
        keep_days: z
          .number()
          .int()
          .min(1)
          .max(3660)
          .default(30)
          .describe('Older backups are removed, but never the newest'),
        point_in_time: z
          .boolean()
          .default(true)
          .describe('Also keep what comes in between backups, so that a restore can go to any instant'),
        passphrase: z
          .string()
          .min(8, 'must have at least 8 characters')
          .meta(SECRET)
          .optional()
          .describe('Encrypts backups with age'),
        recipients: z
          .array(z.string().startsWith('age1', 'must be an age recipient: age1…'))
          .default([])
          .describe('Encrypts backups for these age recipients, in place of a passphrase'),
        identities: z
          .array(z.string().startsWith('AGE-SECRET-KEY-', 'must be an age identity: AGE-SECRET-KEY-…').meta(SECRET))
          .default([])
          .describe('Opens backups that were made for recipients: to verify and restore them here'),
      })
      .refine(({ passphrase, recipients }) => passphrase === undefined || recipients.length === 0, {
        path: ['recipients'],
        error: 'must be empty when there is a passphrase: age takes one or the other',
      })
      .prefault({}),
    archive: z
      .strictObject({
        store: ObjectStoreOptions.optional().describe(
          'Where months are kept that leave the first store; default: none, they stay',
        ),
        after_days: AfterDays.default(365).describe('Months that ended this long ago are archived'),
        groups: byName(AfterDays)
          .default({})
          .describe('Days for single metric groups, such as {solar: 90}, in place of after_days'),
        cache_mb: z
          .number()
          .int()
          .min(1)
          .max(1_000_000)
          .default(1024)
          .describe('Fetched files that are kept in data_dir'),
      })
      .prefault({}),
    retention: z
      .strictObject({
        raw_days: RawDays.nullable()
          .default(null)
          .describe('Raw readings older than this are thrown away once they are rolled up; default: never'),
        groups: byName(RawDays)
          .default({})
          .describe('Days for single metric groups, such as {machine: 30}, in place of raw_days'),
        delete: z
          .enum(['when_smaller', 'always'])
          .default('when_smaller')
          .describe('Whether old raw readings go only where their rollups take less room, or in any case'),
        rollups: z
          .strictObject({
            '1m': RollupDays.default(730),
            '15m': RollupDays.default(3660),
            '1h': RollupDays.default(null),
            '1d': RollupDays.default(null),
          })
          .prefault({})
          .describe('Days for which rollups of each width are kept; null: for ever'),
      })
      .prefault({}),
    log: z
      .strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info') })
      .prefault({}),
  })
  .refine(({ archive, retention }) => archive.store === undefined || !throwsAway(retention), {
    path: ['retention'],
    error:
      'must not name raw_days or groups where archive.store is set: raw readings leave the store by archive.after_days then',
  })
  .superRefine(({ persistence, data_dir: folder, stores }, context) => {
    // A path that no store could use has already been reported.
    for (const store of persistence && pathFault(folder) === null ? stores : []) {
      const fault = folderFault(store, folder);
      if (fault !== null) context.addIssue({ code: 'custom', path: ['data_dir'], message: fault });
    }
  });
export type Config = z.infer<typeof Config>;

function throwsAway({
  raw_days,
  groups,
}: {
  raw_days: number | null;
  groups: Readonly<Record<string, number>>;
}): boolean {
  return raw_days !== null || Object.keys(groups).length > 0;
}
