import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { describeWith } from '../../../../test/needs.ts';
import { MetricCatalogue } from '../../../domain/metric-catalogue.ts';
import { importFile } from '../import-file.ts';
import { diskFile } from '../input-file.ts';
import { parseMapping } from '../mapping.ts';
import { detectMapping } from './detect.ts';

const catalogue = new MetricCatalogue();
/** Time zones of files with local times. */
const ZONES = new Map([
  ['ausgrid-home-30min-2011-2012.csv.gz', 'Australia/Sydney'],
  ['belgium-day-ahead-hourly-2022-2023.csv.gz', 'Europe/Brussels'],
]);
/** Rows of a long file up to the first clock change. */
const MAX_ROWS = 5_000;

async function rejectedOf(path: string, name: string): Promise<number | string> {
  try {
    const { mapping } = await detectMapping(await diskFile(path), { timezone: ZONES.get(name) ?? 'UTC' });
    const { rejected, series } = await importFile({
      file: await diskFile(path),
      mapping: parseMapping(stringify(mapping), name),
      unitOf: (metric) => catalogue.describe(metric).unit,
      sink: async () => null,
      maxRows: MAX_ROWS,
      skipRows: 0,
      onProgress: async () => {},
    });
    return series.length === 0 ? 'no series' : rejected;
  } catch (error) {
    return (error as Error).message;
  }
}

describeWith('REAL_DATA', 'tables of real exporters', (data) => {
  test('are read completely with the detected mapping: 27 of 28; the other one begins in 1949', async () => {
    const outcomes = new Map<string, number | string>();
    for (const path of readdirSync(data, { recursive: true, encoding: 'utf8' })) {
      const name = path.split('/').at(-1)!;
      if (/\.csv(\.gz)?$/.test(name)) outcomes.set(name, await rejectedOf(join(data, path), name));
    }
    const unread = [...outcomes].filter(([, rejected]) => rejected !== 0);
    expect(unread).toEqual([['prophet-air_passengers.csv.gz', expect.stringContaining('no table with a time')]]);
    expect(outcomes.size).toBe(28);
  });
});
