import { SECRET } from '@wattkeeper/contract/access/secret.ts';
import { z } from 'zod';
import { ServerUrl } from '../../outbound/server-address.ts';
import { readTimeout, SERVER_TIMEOUT_MS } from '../read-timeout.ts';

/** An existing InfluxDB. A group is a measurement, a device the tag `device_id`, a quantity a field that is always a float. */
export const InfluxDbOptions = z.strictObject({
  type: z.literal('influxdb').describe('An existing InfluxDB 1.x, 2.x or 3.x'),
  name: z.string().min(1).default('influxdb'),
  url: ServerUrl.describe('Address of the server, such as http://localhost:8086'),
  database: z.string().min(1).default('wattkeeper').describe('Database or bucket, created if missing'),
  retention_policy: z.string().min(1).optional().describe('1.x and 2.x; default: that of the database'),
  username: z.string().min(1).optional(),
  password: z.string().meta(SECRET).optional(),
  token: z
    .string()
    .min(1)
    .meta(SECRET)
    .optional()
    .describe('2.x and 3.x: needs read and write permission for the bucket'),
  org: z.string().min(1).optional().describe('2.x'),
  timeout_ms: z.number().int().min(100).max(3_600_000).default(60_000),
  read_timeout_ms: readTimeout(SERVER_TIMEOUT_MS),
});
export type InfluxDbOptions = z.output<typeof InfluxDbOptions>;

/** A database or bucket, with the credentials of a client. */
export type InfluxLocation = Omit<InfluxDbOptions, 'type' | 'name' | 'read_timeout_ms'>;
