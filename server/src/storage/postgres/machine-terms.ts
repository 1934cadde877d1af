import type { ImportPrice } from '@wattkeeper/contract/tariff.ts';
import type { z } from 'zod';
import type { PostgresSettings } from '../records/records-options.ts';
import { Database } from './database.ts';

/** Energy price and carbon intensity of a machine, by the terms of its site. */
export interface MachineTerms {
  readonly device: string;
  readonly zone: string;
  readonly importPrice: z.infer<typeof ImportPrice> | { readonly type: 'published' };
  /** Devices that publish prices, in order of precedence. */
  readonly priceFeeds: readonly string[];
  readonly carbonFeeds: readonly string[];
  readonly emissionFactorKgPerKwh: number;
}

/** Table in which the SQL functions look up the terms. */
export const MACHINES_TABLE = `create table if not exists telemetry_machines (device text primary key, zone text not null,
  import_price jsonb not null, price_feeds text[] not null, carbon_feeds text[] not null, emission_factor float8 not null)`;

const TIMEOUT_MS = 30_000;

/** Replaces the terms of all machines. @throws Unavailable when the server does not answer */
export async function writeMachineTerms(location: PostgresSettings, machines: readonly MachineTerms[]): Promise<void> {
  const connection = new Database({ ...location, max_connections: 2 }, TIMEOUT_MS);
  try {
    await connection.transaction(async (run) => {
      await run('delete from telemetry_machines');
      for (const { device, zone, importPrice, priceFeeds, carbonFeeds, emissionFactorKgPerKwh } of machines) {
        await run('insert into telemetry_machines values ($1, $2, $3, $4, $5, $6)', [
          device,
          zone,
          JSON.stringify(importPrice),
          priceFeeds,
          carbonFeeds,
          emissionFactorKgPerKwh,
        ]);
      }
    });
  } finally {
    await connection.close();
  }
}
