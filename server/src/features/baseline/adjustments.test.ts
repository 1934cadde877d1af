import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { END, iso, START, world } from '../../../test/baseline/press-world.ts';
import { NotFound } from '../../domain/errors.ts';

describe('a non-routine adjustment', () => {
  const window = { machine_id: 'Press', start: iso(END), end: iso(END + 10 * UTC_DAY_MS) };
  const works = { machine_id: 'Press', start: iso(END + UTC_DAY_MS), end: iso(END + 3 * UTC_DAY_MS), reason: 'works' };

  it('with an energy changes the expected energy, hour by hour', async () => {
    const { service, train, adjustments } = await world();
    await train(['production_count', 'outdoor_temp_c']);
    const before = await service.deviation(window);
    const added = await adjustments.add({ ...works, kwh: 480 }, 'ann');
    const after = await service.deviation(window);
    expect(after.adjustments).toEqual([added]);
    expect(after.adjustment_kwh).toBeCloseTo(480, 9);
    expect(after.total_predicted_kwh).toBeCloseTo(before.total_predicted_kwh! + 480, 6);
    expect(after.deviation_kwh).toBeCloseTo(before.deviation_kwh! - 480, 6);
    expect(after.contributions_kwh.adjustments?.slice(22, 26)).toEqual([0, 0, 10, 10]);
    const half = await service.deviation({ ...window, end: iso(END + 2 * UTC_DAY_MS) });
    expect(half.adjustment_kwh).toBeCloseTo(240, 9);
    await adjustments.remove(added.id);
    expect(await service.deviation(window)).toEqual(before);
  });

  it('without an energy excludes its hours from deviations and trainings', async () => {
    const { service, train, adjustments } = await world();
    const all = await train(['production_count', 'outdoor_temp_c']);
    await adjustments.add({ ...works, kwh: null }, 'ann');
    await adjustments.add({ ...works, start: iso(START), end: iso(START + UTC_DAY_MS), kwh: null }, 'ann');
    const found = await service.deviation(window);
    expect(found).toMatchObject({ hours: 192, excluded_hours: 48, missing_hours: 0, warnings: [] });
    expect(found.adjustments).toHaveLength(1);
    const less = await train(['production_count', 'outdoor_temp_c']);
    expect(less.training_samples).toBe(all.training_samples - 24);
  });

  it('in the training window is not learnt', async () => {
    const { train, adjustments } = await world();
    const all = await train(['production_count', 'outdoor_temp_c']);
    await adjustments.add({ ...works, start: iso(START), end: iso(END), kwh: 1440 }, 'ann');
    const less = await train(['production_count', 'outdoor_temp_c']);
    expect(less.intercept).toBeCloseTo(all.intercept - 1, 9);
  });

  it('requires a window and a machine', async () => {
    const { adjustments } = await world();
    await expect(adjustments.add({ ...works, end: works.start, kwh: 1 }, 'ann')).rejects.toThrow(
      /must be after the start/,
    );
    await expect(adjustments.list('Hall')).rejects.toThrow(/does not report its consumption/);
    await expect(adjustments.remove('none')).rejects.toThrow(NotFound);
  });
});
