import { join } from 'node:path';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it } from 'vitest';
import { fitSolar } from '../../src/analytics/forecast/solar.ts';
import { localTimes } from '../../src/domain/time/site-time.ts';
import { exampleMapping, runImport } from '../import/run-import.ts';
import { describeWith } from '../needs.ts';
import { hourly } from './measured-loads.ts';

const ROOFS = [
  {
    name: 'France',
    path: 'home/home-year-30min.csv.gz',
    mapping: 'home-year-30min',
    site: { latitudeDeg: 48.83, longitudeDeg: 6.86 },
    timeZone: 'Europe/Paris',
    faces: [135, 225],
  },
  {
    name: 'Australia, near Sydney',
    path: 'home/ausgrid-home-30min-2011-2012.csv.gz',
    mapping: 'ausgrid-home-30min',
    site: { latitudeDeg: -33.9, longitudeDeg: 151.1 },
    timeZone: 'Australia/Sydney',
    faces: [270, 360],
  },
] as const;

describeWith('REAL_DATA', 'solar forecasts of measured roofs', (folder) => {
  it.each(ROOFS)('of a house in $name beat a sky that stays as the day before', async (roof) => {
    const { values } = await runImport(join(folder, roof.path), exampleMapping(roof.mapping));
    const { first, kw } = hourly(values('House', 'solar.power_kw'));
    const starts = Float64Array.from({ length: kw.length + 24 }, (_, h) => (first + h) * HOUR_MS);
    const found = fitSolar(roof.site, { starts, kw, day: localTimes(starts, roof.timeZone).dayIndex });
    if (found === null) throw new Error('nothing was learnt');
    const { mae, persistenceMae, days } = found.backtest;
    expect(days).toBeGreaterThan(250);
    expect(1 - mae / persistenceMae).toBeGreaterThan(0.02);
    expect(found.plane.azimuthDeg).toBeGreaterThanOrEqual(roof.faces[0]);
    expect(found.plane.azimuthDeg).toBeLessThanOrEqual(roof.faces[1]);
  });
});
