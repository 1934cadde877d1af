import type {
  BaselineModel,
  BaselineTraining,
  Resolution,
  TrainedBaseline,
} from '@wattkeeper/contract/analytics/baseline.ts';
import type { DeviationQuery } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import type { BaselineDrivers, DriversQuery } from '@wattkeeper/contract/analytics/baseline-drivers.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { extrapolated, predict, predictionMargins } from '../../analytics/baseline/deviation.ts';
import { MIN_SAMPLES_BY_RESOLUTION } from '../../analytics/baseline/validity.ts';
import { Conflict, InvalidInput, NotFound } from '../../domain/errors.ts';
import type { OnProgress } from '../../domain/progress.ts';
import { askedDays, askedWindow, periodOf } from '../../domain/time/asked-window.ts';
import type { Window } from '../../domain/time/window.ts';
import type { ModelPool } from '../../jobs/model-pool.ts';
import type { BaselineAdjustments } from '../../storage/records/analytics/baseline-adjustments.ts';
import type { BaselineRecord, Baselines } from '../../storage/records/analytics/baselines.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { EnergyService } from '../energy/service.ts';
import { toAdjustment } from './adjustments/service.ts';
import { calendarDriver, withoutUnseen } from './categories.ts';
import { compare } from './comparison.ts';
import { availableDrivers, type Driver, type DriverOptions, findDrivers, OUTDOORS } from './driver-loader.ts';
import { suggestion } from './driver-suggestion.ts';
import { categoriesOf, findAllDrivers } from './find-drivers.ts';
import { requireMachine } from './machine.ts';
import { daysOfWeek, hoursOfWeek, type Loaded, loadObservations, type Needs } from './observations.ts';
import { givenConditions } from './prediction.ts';
import { fitOf, isStorable, type StoredModel, storedModel, toModel, toStored } from './stored-model.ts';
import { suspiciousDrivers } from './suspicious-drivers.ts';
import { refuse, tooFew, unfit } from './training-errors.ts';
import { idleWarnings, seriesOf, sizeWarnings, zeroWarnings } from './training-notes.ts';

export interface BaselineOptions extends DriverOptions {
  readonly devices: DriverOptions['devices'] & {
    require(idOrName: string): DeviceRecord;
    all(): readonly DeviceRecord[];
  };
  readonly energy: EnergyService;
  readonly baselines: Baselines;
  readonly adjustments: BaselineAdjustments;
  readonly models: ModelPool;
}

const TRAINING_DAYS: Readonly<Record<Resolution, number>> = { hour: 90, day: 365 };
const DEVIATION_DAYS: Readonly<Record<Resolution, number>> = { hour: 1, day: 30 };
const MAX_WINDOW_DAYS = 800;
/** Maximum lag of a building's response to the temperature, in hours. */
const LAGS = [0, 1, 2, 3, 4, 5, 6];
/** Metrics whose values are categories. */
const MODES = new Set(['production.status']);
const NOT_AT_ALL = () => {};

/** Energy baselines (ISO 50006): the expected energy of a machine under its conditions, and the deviation from it. */
export class BaselineService {
  readonly #options: BaselineOptions;
  /** One training of a machine at a time. */
  readonly #training = new Map<string, Promise<unknown>>();
  /** One training reads its history at a time, so that other requests are answered in between. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: BaselineOptions) {
    this.#options = options;
  }

  /** @throws NotFound or InvalidInput unless the machine can have a baseline */
  check(machineId: string): void {
    requireMachine(this.#options, machineId);
  }

  /** Trains the next version, and activates it if it is valid. Throws InvalidInput for too few hours and for collinear drivers. */
  train(
    request: BaselineTraining,
    signal?: AbortSignal,
    onProgress: OnProgress = NOT_AT_ALL,
  ): Promise<TrainedBaseline> {
    const machine = requireMachine(this.#options, request.machine_id);
    const before = this.#training.get(machine.id) ?? Promise.resolve();
    const training = before.then(() => this.#train(machine, request, signal, onProgress));
    const settled = training.catch(() => {});
    this.#training.set(machine.id, settled);
    return training;
  }

  /** Trains every active baseline again, with its drivers and model, on a window of the same length. Returns the outcome for each machine. */
  async retrainAll(signal: AbortSignal, progress: OnProgress) {
    const { baselines, devices } = this.#options;
    const outcomes: { machine: string; version: number | null; in_use: boolean; reason: string | null }[] = [];
    const machines = devices.all();
    for (const [i, machine] of machines.entries()) {
      signal.throwIfAborted();
      progress(i / machines.length, machine.name);
      const active = await baselines.active(machine.id);
      if (active === undefined) continue;
      try {
        const trained = await this.train(sameAgain(machine, storedModel(active), this.#options.now()), signal);
        const reason = trained.is_active
          ? null
          : 'the new version is not valid, or needs a confirmation: the previous version remains active';
        outcomes.push({ machine: machine.name, version: trained.model_version, in_use: trained.is_active, reason });
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        outcomes.push({ machine: machine.name, version: null, in_use: false, reason: error.message });
      }
    }
    return { baselines: outcomes };
  }

  /** Versions of a machine, newest first. */
  async models(machineId: string): Promise<BaselineModel[]> {
    const machine = requireMachine(this.#options, machineId);
    return (await this.#options.baselines.list(machine.id)).map((record) => toModel(record, machine));
  }

  async model(id: string): Promise<BaselineModel> {
    const record = await this.#options.baselines.require(id);
    return toModel(record, this.#options.devices.require(record.deviceId));
  }

  /**
   * Activates a version regardless of its criteria, after a review by a user.
   * @throws Conflict for a version with a driver that may be derived from the energy, unless this is confirmed
   */
  async activate(id: string, isConfirmed = false): Promise<BaselineModel> {
    const { suspicious } = storedModel(await this.#options.baselines.require(id));
    if (suspicious.length > 0 && !isConfirmed) {
      const reasons = suspicious.map(({ reason }) => reason).join('; ');
      throw new Conflict(`${reasons}: if it is not, activate the version with confirm_suspicious=true`);
    }
    const record = await this.#options.baselines.activate(id);
    return toModel(record, this.#options.devices.require(record.deviceId));
  }

  /** Possible drivers of a machine's energy, with a suggested selection. */
  async drivers({ machine_id, suggest, start, end }: DriversQuery): Promise<BaselineDrivers> {
    const { devices, describe } = this.#options;
    const machine = requireMachine(this.#options, machine_id);
    const drivers = availableDrivers(this.#options, machine);
    const window = this.#windowOf(start, end, TRAINING_DAYS.hour);
    const adjustments = await this.#options.adjustments.list(machine.id, window);
    const calendars = (await this.#options.calendars.list(machine.siteId)).map(calendarDriver);
    return {
      machine_id: machine.id,
      drivers: [
        ...drivers.map(({ name, metric, deviceId }) => ({
          name,
          metric,
          device_id: deviceId,
          device_name: devices.require(deviceId).name,
          unit: describe(metric).unit,
          categorical: MODES.has(metric),
        })),
        ...calendars.map(({ name, metric }) => ({
          ...{ name, metric, device_id: null, device_name: null, unit: '' },
          categorical: true,
        })),
      ],
      suggestion: suggest ? await suggestion(this.#options, machine, { drivers, adjustments }, window) : null,
    };
  }

  /** Actual energy compared with the prediction, by hour or day. */
  async deviation(query: DeviationQuery) {
    const machine = requireMachine(this.#options, query.machine_id);
    const record =
      query.model_id === undefined ? await this.#active(machine) : await this.#version(machine, query.model_id);
    const model = storedModel(record);
    const window = this.#windowOf(query.start, query.end, DEVIATION_DAYS[model.resolution]);
    const adjustments = await this.#options.adjustments.list(machine.id, window);
    const loaded = await loadObservations(this.#options, machine, { ...needsOf(model), adjustments }, window);
    return {
      machine_id: machine.id,
      machine_name: machine.name,
      time_period: periodOf(window),
      baseline_model_version: record.version,
      adjustments: adjustments.map(toAdjustment),
      ...compare(model, loaded),
    };
  }

  /** The expected energy of an hour or a day under given conditions. */
  async predict(machineId: string, given: Readonly<Record<string, unknown>>) {
    const machine = requireMachine(this.#options, machineId);
    const record = await this.#active(machine);
    const model = storedModel(record);
    const { at, values } = await givenConditions(this.#options, model, given);
    const needed = [...model.drivers, ...(model.temperature ? [model.temperature] : [])];
    const site = await this.#options.energy.site(machine.siteId);
    const starts = Float64Array.of(at);
    const conditions = {
      starts,
      columns: model.drivers.map((_, d) => Float64Array.of(values[d]!)),
      temperature: model.temperature && Float64Array.of(values.at(-1) as number),
      hourOfWeek: hoursOfWeek(starts, site.timezone),
      dayOfWeek: await daysOfWeek(this.#options, site, starts),
    };
    const expected = predict(fitOf(model), conditions, 1).kwh[0]!;
    if (Number.isNaN(expected)) throw refuse('at', 'the training has no such hour or day of the week; choose another');
    const margin = predictionMargins(fitOf(model), conditions, 1)[0]!;
    const ranges = [...model.ranges, ...(model.temperature ? [model.temperature.range] : [])];
    return {
      machine_id: machine.id,
      machine_name: machine.name,
      baseline_model_version: record.version,
      conditions: Object.fromEntries(needed.map(({ name }, d) => [name, values[d]!])),
      predicted_kwh: expected,
      confidence_interval_lower: expected - margin,
      confidence_interval_upper: expected + margin,
      extrapolated: extrapolated(ranges, values).map((d) => needed[d]?.name as string),
    };
  }

  async #train(
    machine: DeviceRecord,
    request: BaselineTraining,
    signal: AbortSignal | undefined,
    onProgress: OnProgress,
  ): Promise<TrainedBaseline> {
    const { baselines, models } = this.#options;
    const { model_type: type, resolution } = request;
    signal?.throwIfAborted();
    if (type === 'time_of_week_temperature' && resolution === 'day')
      throw refuse('resolution', 'a model by time of week must be hourly; got "day"');
    if (type === 'day_of_week' && resolution === 'hour')
      throw refuse('resolution', 'a model by day of week must be daily; got "hour"');
    const { timezone } = await this.#options.energy.site(machine.siteId);
    const { start, end } = askedDays(request, timezone);
    const window = this.#windowOf(instantOf(start), instantOf(end), TRAINING_DAYS[resolution]);
    const required = await this.#needsFor(machine, request, window);
    if (type === 'auto' && resolution === 'hour' && required.drivers.length === 0 && required.temperature === null)
      throw refuse('drivers', 'there is no outdoor temperature at this site, so an hourly model requires a driver');
    const adjustments = await this.#options.adjustments.list(machine.id, window);
    onProgress(0.05, 'reading energy and drivers');
    const { needs, loaded } = await this.#readSeen(machine, { ...required, adjustments }, window);
    const { observations, temperatures, total } = loaded;
    const samples = observations.starts.length;
    if (samples < MIN_SAMPLES_BY_RESOLUTION[resolution]) throw tooFew(samples, total, resolution, loaded.zeros);
    onProgress(0.3, `fitting ${samples} ${resolution}s`);
    const suspicious = suspiciousDrivers(needs.drivers, loaded);
    const training = await models.run(
      'baseline.train',
      { type, observations, temperatures, categories: categoriesOf(needs.drivers) },
      { signal },
    );
    // A linear model uses the temperature as another driver.
    const outdoors = training.basis.type === 'linear' && needs.temperature ? [needs.temperature] : [];
    const drivers = [...needs.drivers, ...outdoors];
    if ('reason' in training)
      throw unfit(
        training,
        drivers.map(({ name }) => name),
        resolution,
      );
    onProgress(0.9, 'storing the model');
    const warnings = [
      ...sizeWarnings(samples, resolution),
      ...zeroWarnings(loaded, resolution),
      ...suspicious.map(({ reason }) => `${reason}: the version is activated only after a confirmation`),
      ...idleWarnings(training, drivers),
    ];
    const stored = toStored(training, loaded, {
      requested: type,
      resolution,
      zeroReadings: needs.zeroReadings,
      drivers: needs.drivers,
      temperature: needs.temperature,
      window,
      warnings,
      suspicious,
    });
    if (!isStorable(stored))
      throw refuse(
        'machine_id',
        'the values of this window are too large or too small for the calculation; choose another window',
      );
    const isConfirmed = suspicious.length === 0 || request.confirm_suspicious;
    const record = await baselines.add(machine.id, stored, stored.valid && isConfirmed);
    return { ...toModel(record, machine), series: seriesOf(stored, loaded) };
  }

  /** Removes categories that no complete hour or day has. */
  async #readSeen(machine: DeviceRecord, needs: Needs, window: Window): Promise<{ needs: Needs; loaded: Loaded }> {
    const loaded = withoutAdjusted(await this.#read(machine, needs, window));
    const { observations } = loaded;
    const drivers = observations.starts.length === 0 ? null : withoutUnseen(needs.drivers, observations.columns);
    return drivers === null ? { needs, loaded } : this.#readSeen(machine, { ...needs, drivers }, window);
  }

  #read(machine: DeviceRecord, needs: Needs, window: Window): Promise<Loaded> {
    const loaded = this.#reading.then(() => loadObservations(this.#options, machine, needs, window));
    this.#reading = loaded.catch(() => {});
    return loaded;
  }

  /** Finds the drivers; the outdoor temperature separately for models that treat it so. */
  async #needsFor(
    machine: DeviceRecord,
    request: BaselineTraining,
    window: Window,
  ): Promise<Omit<Needs, 'adjustments'>> {
    const { model_type: type, resolution, zero_readings: zeroReadings } = request;
    const drivers = await findAllDrivers(this.#options, machine, request, window);
    const alone = { drivers, temperature: null, lags: [], resolution, zeroReadings };
    if (type === 'linear') return alone;
    const isThere = availableDrivers(this.#options, machine).some(({ metric }) => OUTDOORS.includes(metric));
    if ((type === 'auto' || type === 'day_of_week') && !isThere) return alone;
    const [temperature] = findDrivers(this.#options, machine, ['outdoor_temp_c']) as [Driver];
    const others = drivers.filter(({ metric }) => metric !== temperature.metric);
    return { drivers: others, temperature, lags: resolution === 'hour' ? LAGS : [0], resolution, zeroReadings };
  }

  async #version(machine: DeviceRecord, id: string): Promise<BaselineRecord> {
    const record = await this.#options.baselines.require(id);
    if (record.deviceId === machine.id) return record;
    throw refuse('model_id', `is a baseline of another machine than ${machine.name}`);
  }

  async #active(machine: DeviceRecord): Promise<BaselineRecord> {
    const record = await this.#options.baselines.active(machine.id);
    if (record) return record;
    throw new NotFound(`${machine.name} has no active baseline: train one, or activate one of its versions`);
  }

  #windowOf(start: string | undefined, end: string | undefined, defaultDays: number): Window {
    return askedWindow({ start, end }, { now: this.#options.now(), defaultDays, maxDays: MAX_WINDOW_DAYS });
  }
}

function instantOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatInstant(ms);
}

function needsOf({ drivers, temperature, basis, resolution, zeroReadings }: StoredModel): Omit<Needs, 'adjustments'> {
  return { zeroReadings, drivers, temperature, lags: basis.type === 'linear' ? [] : [basis.lagHours], resolution };
}

/** The request that trained a model, for a window of the same length that ends now. */
function sameAgain(machine: DeviceRecord, model: StoredModel, now: number): BaselineTraining {
  const { drivers, requested, resolution, window } = model;
  return {
    machine_id: machine.id,
    start_date: formatInstant(now - (window.end - window.start)),
    end_date: formatInstant(now),
    drivers: drivers.flatMap(({ name, category }) => (category ? [] : [name])),
    categorical_drivers: [...new Set(drivers.flatMap(({ category }) => category?.source ?? []))],
    model_type: requested,
    resolution,
    zero_readings: model.zeroReadings,
    // The active version has been confirmed.
    confirm_suspicious: model.suspicious.length > 0,
  };
}

/** Readings of routine operation, which a model learns. */
function withoutAdjusted(loaded: Loaded): Loaded {
  const { observations, adjustedKwh } = loaded;
  const kwh = observations.kwh.map((all, i) => all - adjustedKwh[i]!);
  return { ...loaded, observations: { ...observations, kwh } };
}
