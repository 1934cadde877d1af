import { BaselineTraining, TrainedBaseline } from '@wattkeeper/contract/analytics/baseline.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { z } from 'zod';
import { count, END, energy, iso, models, NOW, noise, START, world } from '../../../test/baseline/press-world.ts';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { InvalidInput, NotFound } from '../../domain/errors.ts';
import { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import { localTime } from '../../domain/time/site-time.ts';
import { Scheduler } from '../../jobs/scheduler.ts';
import { trainingJob } from './job.ts';
import { BaselineService } from './service.ts';

describe('a baseline', () => {
  it('finds the drivers of the energy, in the machine and around it', async () => {
    const { service, train } = await world();
    const model = await train(['production_count', 'outdoor_temp_c']);
    expect(model).toMatchObject({
      training_samples: 1440,
      valid: true,
      is_active: true,
      model_version: 1,
      warnings: [],
    });
    expect(model.coefficients.production_count).toBeCloseTo(0.4, 2);
    expect(model.coefficients.outdoor_temp_c).toBeCloseTo(-0.3, 1);
    expect(model.r_squared).toBeGreaterThan(0.99);
    expect(model.series.residual_kwh.reduce((sum, residual) => sum + residual, 0)).toBeCloseTo(0, 6);
    const { drivers, suggestion } = await service.drivers({ machine_id: 'Press', suggest: false });
    expect(suggestion).toBeNull();
    expect(drivers.map(({ name }) => name)).toEqual([
      'production_count',
      'pressure_bar',
      'outdoor_temp_c',
      'environment.humidity_percent',
      'indoor_temp_c',
    ]);
  });

  it('reports the deviation from it, with its confidence', async () => {
    const { service, train } = await world();
    await train(['production_count', 'outdoor_temp_c']);
    const before = await service.deviation({ machine_id: 'Press', start: iso(START), end: iso(END) });
    expect(before.deviation_kwh).toBeCloseTo(0, 6);
    expect(before.deviation_severity).toBe('normal');
    expect(before.savings.verdict).toBe('not_valid');
    expect(before.savings.reasons[0]).toMatch(/^1440 of 1440 hours are in the range that the model was trained on/);
    const after = await service.deviation({ machine_id: 'Press', start: iso(END), end: iso(END + 10 * UTC_DAY_MS) });
    const expected = Array.from({ length: 240 }, (_, h) => energy(END + h * HOUR_MS)).reduce(
      (sum, kwh) => sum + kwh,
      0,
    );
    expect(after.total_actual_kwh).toBeCloseTo(expected, 6);
    expect(after.deviation_percent).toBeGreaterThan(8);
    expect(after.deviation_percent).toBeLessThan(12);
    expect(after.deviation_severity).toBe('critical');
    expect(after.fractional_savings_uncertainty).toBeLessThan(0.2);
    expect(after.savings).toMatchObject({ kwh: -after.deviation_kwh!, verdict: 'significant' });
    expect(after.savings.reasons.join()).toContain('days with data ≥ 328 (CalTRACK 2.2.1); it is 60');
    expect(after.hourly_deviations).toHaveLength(240);
    expect(after.cusum.at(-1)).toBeCloseTo(after.deviation_kwh!, 6);
  });

  it('predicts an hour, and reports extrapolation', async () => {
    const { service, train } = await world();
    await train(['production_count', 'outdoor_temp_c']);
    const normal = await service.predict('Press', { production_count: '60', outdoor_temp_c: 10 });
    expect(normal.predicted_kwh).toBeCloseTo(5 + 24 - 3, 0);
    expect(normal.confidence_interval_upper - normal.confidence_interval_lower).toBeGreaterThan(2);
    expect(normal.extrapolated).toEqual([]);
    const strange = await service.predict('Press', { production_count: 500, outdoor_temp_c: 10 });
    expect(strange.extrapolated).toEqual(['production_count']);
    await expect(service.predict('Press', { production_count: 60 })).rejects.toThrow(/outdoor_temp_c is missing/);
    await expect(service.predict('Press', { production_count: 'much', outdoor_temp_c: 1 })).rejects.toThrow(
      InvalidInput,
    );
    await expect(service.predict('Press', { production_count: 1e300, outdoor_temp_c: 1 })).rejects.toThrow(
      /at most 1000000000000/,
    );
  });

  it('is replaced only by a valid version, unless a user decides', async () => {
    const { service, train } = await world();
    const good = await train(['production_count', 'outdoor_temp_c']);
    const bad = await train(['outdoor_temp_c']);
    expect(bad).toMatchObject({ valid: false, is_active: false, model_version: 2 });
    expect((await service.models('Press')).map(({ model_version, is_active }) => [model_version, is_active])).toEqual([
      [2, false],
      [1, true],
    ]);
    await service.activate(bad.model_id);
    expect((await service.model(good.model_id)).is_active).toBe(false);
    expect(
      (await service.deviation({ machine_id: 'Press', start: iso(START), end: iso(END) })).baseline_model_version,
    ).toBe(2);
  });

  it('is retrained with its drivers, and remains active if the new version is not valid', async () => {
    const { service, train } = await world();
    await train(['production_count', 'outdoor_temp_c']);
    const { baselines } = await service.retrainAll(new AbortController().signal, () => {});
    expect(baselines).toEqual([{ machine: 'Press', version: 2, in_use: true, reason: null }]);
    const [newest] = await service.models('Press');
    expect(Object.keys(newest?.coefficients ?? {})).toEqual(['production_count', 'outdoor_temp_c']);
  });

  it('is rejected if the energy is constant, and accepted if the drivers explain it exactly', async () => {
    const site = await SiteWorld.open(NOW, { timezone: 'UTC' });
    const pump = await site.device('Pump', 'machine', { expectedIntervalS: 3600 });
    const lamp = await site.device('Lamp', 'machine', { expectedIntervalS: 3600 });
    const speck = await site.device('Speck', 'machine', { expectedIntervalS: 3600 });
    await site.report(
      pump,
      'energy.power_kw',
      every(HOUR_MS, START, END, (at) => 2 * count(at)),
    );
    await site.report(pump, 'production.count', every(HOUR_MS, START, END, count));
    await site.report(
      lamp,
      'energy.power_kw',
      every(HOUR_MS, START, END, () => 4),
    );
    await site.report(lamp, 'production.count', every(HOUR_MS, START, END, count));
    await site.report(
      speck,
      'energy.power_kw',
      every(HOUR_MS, START, END, (at) => 1e-300 * count(at)),
    );
    await site.report(speck, 'production.count', every(HOUR_MS, START, END, count));
    const { queries, devices, energy, records } = site;
    const options = {
      queries,
      devices,
      energy,
      calendars: records.calendars,
      sites: records.sites,
      baselines: records.baselines,
      adjustments: records.baselineAdjustments,
    };
    const catalogue = new MetricCatalogue();
    const describe = (metric: string) => catalogue.describe(metric);
    const service = new BaselineService({ ...options, models, describe, now: () => END });
    const train = (machine_id: string) =>
      service.train(BaselineTraining.parse({ machine_id, start_date: iso(START), drivers: ['production_count'] }));
    await expect(train('Lamp')).rejects.toThrow(/the energy did not change in this window/);
    await expect(train('Speck')).rejects.toThrow(/too large or too small for the calculation/);
    expect((await train('Pump')).coefficients.production_count).toBeCloseTo(2, 9);
    expect(TrainedBaseline.safeParse(await train('Pump')).error).toBeUndefined();
  });

  it('numbers versions in order when several are trained at once', async () => {
    const { train } = await world();
    const models = await Promise.all([1, 2, 3].map(() => train(['production_count', 'outdoor_temp_c'])));
    expect(models.map(({ model_version }) => model_version)).toEqual([1, 2, 3]);
  });

  it('is rejected with too little data, with the number of days still needed', async () => {
    const { train } = await world();
    await expect(train(['production_count'], END - 20 * UTC_DAY_MS)).rejects.toThrow(
      /^480 hours of this window have energy .* needs 500 .* about 1 more days/,
    );
    const few = await train(['production_count', 'outdoor_temp_c'], END - 30 * UTC_DAY_MS);
    expect(few.warnings).toEqual(['720 hours are few: 1000 are recommended']);
  });

  it('lists drivers without a significant effect', async () => {
    const { train } = await world();
    const { warnings, criteria } = await train(['production_count', 'outdoor_temp_c', 'environment.humidity_percent']);
    expect(warnings.join()).toMatch(
      /^environment.humidity_percent has no significant effect \(p = 0\.\d\d\); omit it$/,
    );
    expect(criteria.find(({ rule }) => rule === 'highest p of a driver')).toMatchObject({
      passed: false,
      threshold: '< 0.05',
    });
    expect(criteria.find(({ rule }) => rule === 'CV(RMSE)')).toMatchObject({ passed: true });
  });

  it('suggests drivers, with a reason for each excluded one', async () => {
    const { service } = await world();
    const { suggestion } = await service.drivers({
      machine_id: 'Press',
      suggest: true,
      start: iso(START),
      end: iso(END),
    });
    expect(suggestion).toMatchObject({ samples: 1440, drivers: ['production_count', 'outdoor_temp_c'] });
    expect(suggestion?.adjusted_r_squared).toBeGreaterThan(0.99);
    expect(suggestion?.left_out.map(({ name, reason, with: others }) => [name, reason, others])).toEqual([
      ['pressure_bar', 'constant', []],
      ['environment.humidity_percent', 'idle', []],
      ['indoor_temp_c', 'collinear', ['outdoor_temp_c']],
    ]);
    const few = await service.drivers({ machine_id: 'Press', suggest: true, end: iso(START + 15 * UTC_DAY_MS) });
    expect(few.suggestion).toBeNull();
  });

  it('is rejected with drivers that carry no information', async () => {
    const { service, train } = await world();
    await expect(train(['production_count', 'pressure_bar'])).rejects.toThrow(/pressure_bar did not change/);
    await expect(train(['outdoor_temp_c', 'indoor_temp_c'])).rejects.toThrow(/is a combination of the other drivers/);
    await expect(train(['moon'])).rejects.toThrow(
      /"moon" is reported neither by the machine nor around it; available are production_count/,
    );
    await expect(service.deviation({ machine_id: 'Press' })).rejects.toThrow(NotFound);
    await expect(service.models('Hall')).rejects.toThrow(/Hall does not report its consumption/);
  });
});

/**
 * A hall that is heated below a threshold of the outdoor temperature, with a delay of two hours, and uses more from Monday to Friday in
 * local time. With a swing, a degree costs more energy in the morning and less in the evening.
 */
async function hall(usedKwh = 6, swing = 0, heatedBelowC = 15) {
  const site = await SiteWorld.open(NOW, { timezone: 'Europe/Warsaw' });
  const machine = await site.device('Hall heating', 'machine', { expectedIntervalS: 3600 });
  const weather = await site.device('Weather', 'other', { expectedIntervalS: 3600 });
  const cold = (at: number) => 8 + 7 * Math.sin(at / (UTC_DAY_MS * 5)) + 5 * Math.sin((2 * Math.PI * at) / UTC_DAY_MS);
  const isUsed = (at: number) => {
    const { weekday, minuteOfDay } = localTime(at, 'Europe/Warsaw');
    return weekday <= 5 && minuteOfDay >= 7 * 60 && minuteOfDay < 18 * 60;
  };
  const perDegree = (at: number) => {
    const { minuteOfDay } = localTime(at, 'Europe/Warsaw');
    return 0.8 * (1 + swing * Math.sin((2 * Math.PI * minuteOfDay) / 1440));
  };
  const kwh = (at: number) =>
    3 +
    perDegree(at) * Math.max(heatedBelowC - cold(at - 2 * HOUR_MS), 0) +
    (isUsed(at) ? usedKwh : 0) +
    0.2 * noise(at);
  await site.report(machine, 'energy.power_kw', every(HOUR_MS, START, NOW, kwh));
  await site.report(weather, 'weather.temperature_c', every(HOUR_MS, START - UTC_DAY_MS, NOW, cold));
  const catalogue = new MetricCatalogue();
  const { records, queries, devices, energy } = site;
  const describe = (metric: string) => catalogue.describe(metric);
  const { baselines } = records;
  const adjustments = records.baselineAdjustments;
  const now = () => site.now;
  const service = new BaselineService({
    ...{ queries, devices, energy, baselines, adjustments, models, describe, now },
    ...{ calendars: records.calendars, sites: records.sites },
  });
  const train = (how: Omit<z.input<typeof BaselineTraining>, 'machine_id'>) =>
    service.train(
      BaselineTraining.parse({ machine_id: 'Hall heating', end_date: iso(END), start_date: iso(START), ...how }),
    );
  return { service, train };
}

describe('a baseline of the outdoor temperature', () => {
  it('models delayed heating and the local hours of occupancy, and chooses the model with the best fit', async () => {
    const { service, train } = await hall();
    const model = await train({ model_type: 'auto' });
    expect(model).toMatchObject({ model_type: 'time_of_week_temperature', lag_hours: 2, valid: true, is_active: true });
    expect(model.candidates).toHaveLength(7);
    expect(model.cv_rmse_out_of_sample).toBeLessThan(0.05);
    // Summer time began in the window: hours of occupancy are in local time.
    const used = model.time_of_week?.occupied ?? [];
    expect(used.flatMap((isUsed, hour) => (isUsed ? [hour] : []))).toEqual(
      Array.from({ length: 168 }, (_, hour) => hour).filter((hour) => hour < 120 && hour % 24 >= 7 && hour % 24 < 18),
    );
    const later = await service.deviation({ machine_id: 'Hall heating', start: iso(END), end: iso(NOW) });
    expect(Math.abs(later.deviation_percent ?? 99)).toBeLessThan(1);
    expect(later.hours).toBe(240);
    const { contributions_kwh: parts, intercept } = later;
    expect(Object.keys(parts)).toEqual(['time_of_week', 'temperature']);
    const made = intercept + Object.values(parts).reduce((sum, part) => sum + part[7]!, 0);
    expect(made).toBeCloseTo(later.hourly_deviations[7]?.predicted_kwh ?? 0, 9);
  });

  it('models the energy per degree by hour of day, and is stored completely', async () => {
    const { service, train } = await hall(6, 0.5, 30);
    const model = await train({ model_type: 'auto' });
    expect(model).toMatchObject({ model_type: 'time_of_week_temperature', valid: true, is_active: true });
    expect(model.model_name).toBe('time_of_week_temperature_smooth');
    const plain = model.candidates.find(({ model_name: name }) => name === 'time_of_week_temperature');
    expect(model.cv_rmse_out_of_sample).toBeLessThan(0.5 * (plain?.cv_rmse_out_of_sample ?? 0));
    // The individual slopes of its courses are not significant.
    expect(Object.keys(model.coefficients).every((name) => /^(un)?occupied_temperature_\d$/.test(name))).toBe(true);
    const later = await service.deviation({ machine_id: 'Hall heating', start: iso(END), end: iso(NOW) });
    expect(Math.abs(later.deviation_percent ?? 99)).toBeLessThan(1);
    const { contributions_kwh: parts, intercept } = later;
    expect(Object.keys(parts)).toEqual(['time_of_week', 'temperature']);
    const made = intercept + Object.values(parts).reduce((sum, part) => sum + part[7]!, 0);
    expect(made).toBeCloseTo(later.hourly_deviations[7]?.predicted_kwh ?? 0, 9);
    const degree = async (time: string) => {
      const [cold, warm] = [5, 6].map((outdoor_temp_c) =>
        service.predict('Hall heating', { outdoor_temp_c, at: time }),
      );
      return ((await cold)?.predicted_kwh ?? 0) - ((await warm)?.predicted_kwh ?? 0);
    };
    // 0.8 kWh, half more and half less.
    expect(Math.abs((await degree('2026-04-12T06:00:00+02:00')) - 1.2)).toBeLessThan(0.15);
    expect(Math.abs((await degree('2026-04-12T18:00:00+02:00')) - 0.4)).toBeLessThan(0.15);
  });

  it('finds the balance point of heating, and predicts by the hour of the week', async () => {
    const { train: trainUnused } = await hall(0);
    const bent = await trainUnused({ model_type: 'change_point' });
    expect(bent).toMatchObject({ model_name: '3p_heating', lag_hours: 2 });
    const [point] = bent.balance_points;
    expect(point).toMatchObject({ kind: 'heating' });
    expect(point?.lower_c).toBeLessThan(15);
    expect(point?.upper_c).toBeGreaterThan(15);
    expect(Object.keys(bent.coefficients)).toEqual(['heating']);
    const { service, train } = await hall();
    await train({ model_type: 'time_of_week_temperature' });
    const at = (time: string) => service.predict('Hall heating', { outdoor_temp_c: 5, at: time });
    const [used, idle] = [await at('2026-04-13T10:00:00+02:00'), await at('2026-04-12T10:00:00+02:00')];
    expect(used.predicted_kwh - idle.predicted_kwh).toBeCloseTo(6, 0);
    expect(idle.predicted_kwh).toBeCloseTo(3 + 0.8 * 10, 0);
    expect((await service.predict('Hall heating', { outdoor_temp_c: 60, at: iso(END) })).extrapolated).toEqual([
      'outdoor_temp_c',
    ]);
    await expect(service.predict('Hall heating', {})).rejects.toThrow(/outdoor_temp_c is missing/);
  });

  it('can be daily, but then not by hour of the week', async () => {
    const { train } = await hall();
    await expect(train({ model_type: 'change_point', resolution: 'day' })).rejects.toThrow(
      /^59 days of this window .* needs 90/,
    );
    await expect(train({ model_type: 'time_of_week_temperature', resolution: 'day' })).rejects.toThrow(
      /must be hourly/,
    );
    expect(() => BaselineTraining.parse({ machine_id: 'x' })).toThrow(/at least one driver/);
  });

  it('is retrained in the same way, and compared version by version', async () => {
    const { service, train } = await hall();
    const bent = await train({ model_type: 'change_point' });
    await service.activate(bent.model_id);
    await service.retrainAll(new AbortController().signal, () => {});
    const [newest] = await service.models('Hall heating');
    expect(newest).toMatchObject({ model_version: 2, model_type: 'change_point' });
    expect(newest?.time_period).toEqual({ start: iso(START + NOW - END), end: iso(NOW) });
    const window = { machine_id: 'Hall heating', start: iso(END), end: iso(NOW) };
    const compared = await service.deviation({ ...window, model_id: newest?.model_id });
    expect(compared.baseline_model_version).toBe(2);
  });
});

describe('a training', () => {
  it('that takes long continues as a job, and runs only once', async () => {
    const { service, records } = await world();
    const scheduler = new Scheduler([trainingJob(service)], {
      runs: records.jobRuns,
      timeZone: async () => 'UTC',
      now: Date.now,
      onChange: () => {},
      onError: () => {},
    });
    await scheduler.start();
    onTestFinished(() => scheduler.close());
    const drivers = ['production_count', 'outdoor_temp_c'];
    const request = { machine_id: 'Press', start_date: iso(START), end_date: iso(END), drivers };
    const by = { name: 'analyst', scopes: ['write'] as const };
    const { run, answer } = await scheduler.runFor('baseline-training', by, request, 1);
    expect(answer).toBeUndefined();
    await scheduler.idle();
    const { state, result } = await records.jobRuns.require(run.id);
    expect({ state, result }).toMatchObject({ state: 'succeeded', result: { model_version: 1, is_active: true } });
    expect(await service.models('Press')).toHaveLength(1);
  });
});
