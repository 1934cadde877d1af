import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it } from 'vitest';
import { END, energy, iso, models, NOW, world } from '../../../test/baseline/press-world.ts';
import { every } from '../../../test/energy/site-world.ts';
import { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import { ExaminedTimes } from './examined.ts';
import { AnomalyService } from './service.ts';

it('a machine whose baseline lost a driver is assessed by its own history', async () => {
  const { train, site, records } = await world();
  await train(['production_count', 'outdoor_temp_c']);
  const [press] = site.devices.all();
  const end = NOW + 20 * UTC_DAY_MS;
  const spike = end - 8 * HOUR_MS;
  const normal = (at: number) => energy(END - 28 * UTC_DAY_MS + ((at - END) % (7 * UTC_DAY_MS)));
  if (press === undefined) throw new Error('the world has a press');
  await site.report(
    press,
    'energy.power_kw',
    every(HOUR_MS, NOW, end, (at) => normal(at) + (at >= spike && at < spike + 4 * HOUR_MS ? 150 : 0)),
  );
  site.now = end;
  const catalogue = new MetricCatalogue();
  const { queries, devices, energy: sites } = site;
  const service = new AnomalyService({
    ...{ queries, devices, energy: sites, models, now: () => site.now },
    describe: (metric) => catalogue.describe(metric),
    baselines: records.baselines,
    calendars: records.calendars,
    sites: records.sites,
    anomalies: records.anomalies,
    examined: new ExaminedTimes(records.namedStates),
  });
  const found = await service.detect({ machine_id: 'Press', contamination: 0.1, start: iso(end - UTC_DAY_MS) });
  expect(found.baseline_model_version).toBeNull();
  expect(found.warnings.join()).toMatch(/its drivers are not known/);
  expect(found.anomalies.map(({ metric_name }) => metric_name)).toContain('energy.power_kw');
});
