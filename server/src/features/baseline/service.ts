import type { BaselineModel, BaselineTraining, DeviationQuery } from '@wattkeeper/contract/baseline.ts';
import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import {
  extrapolated,
  predict,
  predictionMargin,
  savingsUncertainty,
  severityOf,
  totalSigma,
} from '../../analytics/baseline/deviation.ts';
import type { Degenerate, Regression } from '../../analytics/baseline/least-squares.ts';
import { ENOUGH_SAMPLES, LEAST_SAMPLES } from '../../analytics/baseline/validity.ts';
import { InvalidInput, NotFound } from '../../domain/errors.ts';
import { HOUR_MS, UTC_DAY_MS, type Window } from '../../domain/window.ts';
import type { ModelPool } from '../../jobs/model-pool.ts';
import type { BaselineRecord, Baselines } from '../../storage/records/baselines.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';
import type { EnergyService } from '../energy/service.ts';
import { MACHINE_GROUP, machineEnergy } from '../kpi/machine-energy.ts';
import { availableDrivers, type Driver, type DriverOptions, driverColumns, findDrivers } from './driver-loader.ts';
import { fitOf, storedModel, toModel, toStored } from './stored-model.ts';

export interface BaselineOptions extends DriverOptions {
  readonly devices: DriverOptions['devices'] & {
    require(idOrName: string): DeviceRecord;
    all(): readonly DeviceRecord[];
  };
  readonly energy: EnergyService;
  readonly baselines: Baselines;
  readonly models: ModelPool;
}

const TRAINING_DAYS = 90;
const MOST_DAYS = 800;
/** Share of an hour for which the energy must be known. */
const LEAST_COVERAGE = 0.9;
const IDLE_P = 0.05;

/** Complete hours of a machine: energy and every driver. */
interface Hours {
  readonly starts: Float64Array;
  readonly kwh: Float64Array;
  readonly columns: readonly Float64Array[];
  /** Hours of the window, complete or not. */
  readonly total: number;
}

/** Energy baselines (ISO 50006): what a machine should use under the conditions that drive it, and how far it is from that. */
export class BaselineService {
  readonly #options: BaselineOptions;
  /** One training of a machine at a time. */
  readonly #training = new Map<string, Promise<unknown>>();

  constructor(options: BaselineOptions) {
    this.#options = options;
  }

  /** Trains the next version; it is put in use when it is valid. Throws InvalidInput for too few hours and drivers that cannot be told apart. */
  train(request: BaselineTraining, signal?: AbortSignal) {
    const machine = this.#machine(request.machine_id);
    const before = this.#training.get(machine.id) ?? Promise.resolve();
    const training = before.then(() => this.#train(machine, request, signal));
    const settled = training.catch(() => {});
    this.#training.set(machine.id, settled);
    return training;
  }

  /** Trains every baseline in use anew, with its drivers. Answers what came of it, machine by machine. */
  async retrainAll(signal: AbortSignal, progress: (share: number, message: string) => void) {
    const { baselines, devices } = this.#options;
    const outcomes: { machine: string; version: number | null; in_use: boolean; reason: string | null }[] = [];
    const machines = devices.all();
    for (const [i, machine] of machines.entries()) {
      signal.throwIfAborted();
      progress(i / machines.length, machine.name);
      const active = await baselines.active(machine.id);
      if (active === undefined) continue;
      const drivers = storedModel(active).drivers.map(({ name }) => name);
      try {
        const { model_version: version, is_active: inUse } = await this.train(
          { machine_id: machine.id, drivers },
          signal,
        );
        const reason = inUse ? null : 'the new version is not valid: the one before stays in use';
        outcomes.push({ machine: machine.name, version, in_use: inUse, reason });
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        outcomes.push({ machine: machine.name, version: null, in_use: false, reason: error.message });
      }
    }
    return { baselines: outcomes };
  }

  /** Versions of a machine, newest first. */
  async models(machineId: string): Promise<BaselineModel[]> {
    const machine = this.#machine(machineId);
    return (await this.#options.baselines.list(machine.id)).map((record) => toModel(record, machine));
  }

  async model(id: string): Promise<BaselineModel> {
    const record = await this.#options.baselines.require(id);
    return toModel(record, this.#options.devices.require(record.deviceId));
  }

  /** Puts a version in use, whatever its criteria say: a person has looked at them. */
  async activate(id: string): Promise<BaselineModel> {
    const record = await this.#options.baselines.activate(id);
    return toModel(record, this.#options.devices.require(record.deviceId));
  }

  drivers(machineId: string) {
    const { devices, describe } = this.#options;
    const machine = this.#machine(machineId);
    return {
      machine_id: machine.id,
      drivers: availableDrivers(this.#options, machine).map(({ name, metric, deviceId }) => ({
        name,
        metric,
        device_id: deviceId,
        device_name: devices.require(deviceId).name,
        unit: describe(metric).unit,
      })),
    };
  }

  /** Actual against predicted, hour by hour. */
  async deviation(query: DeviationQuery) {
    const machine = this.#machine(query.machine_id);
    const record = await this.#active(machine);
    const model = storedModel(record);
    const fit = fitOf(model);
    const window = this.#windowOf(query.start, query.end, 1);
    const { starts, kwh, columns, total } = await this.#hours(machine, model.drivers, window);
    let [actual, predicted, beyond, sum] = [0, 0, 0, 0];
    const cusum: number[] = [];
    const hourly = Array.from(starts, (start, i) => {
      const drivers = columns.map((column) => column[i] as number);
      const expected = predict(fit, drivers);
      const difference = (kwh[i] as number) - expected;
      if (extrapolated(fit, drivers).length > 0) beyond++;
      actual += kwh[i] as number;
      predicted += expected;
      sum += difference;
      cusum.push(sum);
      return {
        hour: formatInstant(start),
        actual_kwh: kwh[i] as number,
        predicted_kwh: expected,
        deviation_kwh: difference,
        severity: severityOf(difference, fit.rmse),
      };
    });
    const uncertainty = savingsUncertainty(fit, starts.length);
    const difference = actual - predicted;
    return {
      machine_id: machine.id,
      machine_name: machine.name,
      time_period: { start: formatInstant(window.start), end: formatInstant(window.end) },
      baseline_model_version: record.version,
      total_actual_kwh: actual,
      total_predicted_kwh: predicted,
      deviation_kwh: difference,
      deviation_percent: predicted === 0 ? null : (100 * difference) / predicted,
      deviation_severity: severityOf(difference, totalSigma(fit, starts.length)),
      uncertainty_kwh: uncertainty,
      fractional_savings_uncertainty: difference === 0 ? null : uncertainty / Math.abs(difference),
      hours: starts.length,
      missing_hours: total - starts.length,
      extrapolated_hours: beyond,
      hourly_deviations: hourly,
      cusum,
      warnings: [
        ...(starts.length < total
          ? [`${total - starts.length} of ${total} hours lack energy or a driver and are left out`]
          : []),
        ...(beyond > 0 ? [`${beyond} hours lie outside what the model was trained on`] : []),
      ],
    };
  }

  /** What an hour under given conditions should take. */
  async predict(machineId: string, given: Readonly<Record<string, unknown>>) {
    const machine = this.#machine(machineId);
    const record = await this.#active(machine);
    const model = storedModel(record);
    const fit = fitOf(model);
    const drivers = model.drivers.map(({ name, metric }) => conditionOf(given[name] ?? given[metric], name));
    const expected = predict(fit, drivers);
    const margin = predictionMargin(fit, drivers);
    return {
      machine_id: machine.id,
      machine_name: machine.name,
      baseline_model_version: record.version,
      conditions: Object.fromEntries(model.drivers.map(({ name }, d) => [name, drivers[d] as number])),
      predicted_kwh: expected,
      confidence_interval_lower: expected - margin,
      confidence_interval_upper: expected + margin,
      extrapolated: extrapolated(fit, drivers).map((d) => model.drivers[d]?.name as string),
    };
  }

  async #train(machine: DeviceRecord, request: BaselineTraining, signal: AbortSignal | undefined) {
    const { baselines, models } = this.#options;
    const window = this.#windowOf(request.start_date, request.end_date, TRAINING_DAYS);
    const drivers = findDrivers(this.#options, machine, [...new Set(request.drivers)]);
    const { starts, kwh, columns, total } = await this.#hours(machine, drivers, window);
    if (starts.length < LEAST_SAMPLES) throw tooFew(starts.length, total);
    const fit = await models.run('baseline.train', { columns, kwh }, { signal });
    if ('kind' in fit) throw degenerate(fit, drivers);
    const warnings = [...sizeWarnings(starts.length), ...idleWarnings(fit, drivers)];
    const stored = toStored(fit, columns, { drivers, window, warnings });
    const record = await baselines.add(machine.id, stored, stored.valid);
    return {
      ...toModel(record, machine),
      series: {
        timestamps: Array.from(starts, formatInstant),
        actual_kwh: [...kwh],
        predicted_kwh: [...fit.fitted],
        residual_kwh: [...fit.residuals],
      },
    };
  }

  async #hours(machine: DeviceRecord, drivers: readonly Driver[], window: Window): Promise<Hours> {
    const { queries, energy, now } = this.#options;
    const { timezone } = await energy.site(machine.siteId);
    // Whole hours: a piece of one is no observation.
    const whole = {
      start: Math.ceil(window.start / HOUR_MS) * HOUR_MS,
      end: Math.floor(Math.min(window.end, now()) / HOUR_MS) * HOUR_MS,
    };
    if (whole.end <= whole.start)
      return { starts: new Float64Array(0), kwh: new Float64Array(0), columns: [], total: 0 };
    const { edges, kwh, knownMs } = await machineEnergy(queries, machine.id, {
      window: whole,
      timeZone: timezone,
      asOf: now(),
      bucket: '1h',
    });
    const columns = await driverColumns(this.#options, drivers, edges);
    const complete = [...kwh.keys()].filter((s) => {
      const length = (edges[s + 1] as number) - (edges[s] as number);
      const isKnown = length === HOUR_MS && kwh[s] === kwh[s] && (knownMs[s] as number) >= LEAST_COVERAGE * length;
      return isKnown && columns.every((column) => column[s] === column[s]);
    });
    const pick = (column: Float64Array) => Float64Array.from(complete, (s) => column[s] as number);
    return { starts: pick(edges), kwh: pick(kwh), columns: columns.map(pick), total: kwh.length };
  }

  async #active(machine: DeviceRecord): Promise<BaselineRecord> {
    const record = await this.#options.baselines.active(machine.id);
    if (record) return record;
    throw new NotFound(
      `${machine.name} has no baseline in use: POST /api/v1/baseline/train trains one, and GET /api/v1/baseline/models shows those that were not valid`,
    );
  }

  #machine(idOrName: string): DeviceRecord {
    const machine = this.#options.devices.require(idOrName);
    if (this.#options.queries.metricsOf(machine.id).some((metric) => metric.startsWith(`${MACHINE_GROUP}.`)))
      return machine;
    throw new NotFound(`${machine.name} meters no energy: GET /api/v1/machines lists machines`);
  }

  #windowOf(start: string | undefined, end: string | undefined, days: number): Window {
    const endMs = end === undefined ? this.#options.now() : parseInstant(end);
    const startMs = start === undefined ? endMs - days * UTC_DAY_MS : parseInstant(start);
    if (startMs < endMs && endMs - startMs <= MOST_DAYS * UTC_DAY_MS) return { start: startMs, end: endMs };
    const detail = `must be before the end and at most ${MOST_DAYS} days away; got ${formatInstant(startMs)} to ${formatInstant(endMs)}`;
    throw new InvalidInput(`start ${detail}`, { fields: [{ field: 'start', detail }] });
  }
}

function sizeWarnings(samples: number): string[] {
  return samples < ENOUGH_SAMPLES ? [`${samples} hours are few: ${ENOUGH_SAMPLES} make a sound model`] : [];
}

/** Drivers that the energy does not follow. */
function idleWarnings({ coefficients }: Regression, drivers: readonly Driver[]): string[] {
  return coefficients.flatMap(({ pValue }, d) =>
    pValue < IDLE_P
      ? []
      : [`${drivers[d]?.name} tells nothing that the other drivers do not (p = ${pValue.toFixed(2)}): leave it out`],
  );
}

function conditionOf(given: unknown, name: string): number {
  const value =
    typeof given === 'number' ? given : typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN;
  if (Number.isFinite(value)) return value;
  const detail =
    given === undefined ? 'is missing: the model needs it' : `must be a number; got ${JSON.stringify(given)}`;
  throw new InvalidInput(`${name} ${detail}`, { fields: [{ field: name, detail }] });
}

function tooFew(found: number, total: number): InvalidInput {
  const missing = LEAST_SAMPLES - found;
  const rate = total === 0 ? 0 : found / total;
  const days = rate === 0 ? null : Math.ceil(missing / (24 * rate));
  const wait =
    days === null
      ? 'none of the hours has energy and every driver'
      : `collect for about ${days} more days, or leave out the driver that is missing most`;
  return new InvalidInput(
    `${found} hours of this window have energy and every driver, and a baseline needs ${LEAST_SAMPLES} (${ENOUGH_SAMPLES} for a sound one): ${wait}`,
    { code: 'invalid_input' },
  );
}

function degenerate(reason: Degenerate, drivers: readonly Driver[]): InvalidInput {
  if (reason.kind === 'too_few') return tooFew(reason.n, reason.n);
  const names = reason.columns.map((c) => drivers[c]?.name).join(', ');
  const detail =
    reason.kind === 'constant'
      ? `${names} did not change in this window, so nothing can be learnt from it: leave it out`
      : `${names} follows from the other drivers, so their effects cannot be told apart: leave it out`;
  return new InvalidInput(`drivers: ${detail}`, { fields: [{ field: 'drivers', detail }] });
}
