import type {
  Anomaly,
  AnomalyDetail,
  AnomalyDetection,
  AnomalyLabel,
  AnomalyQuery,
  DetectedAnomalies,
  ExaminedDevice,
  RecentAnomaliesQuery,
} from '@wattkeeper/contract/analytics/anomaly.ts';
import { AnomalyLabel as Label } from '@wattkeeper/contract/analytics/anomaly.ts';
import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Detection } from '../../analytics/anomaly/device.ts';
import { ExpectedError, InvalidInput, NotFound } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { OnProgress } from '../../domain/progress.ts';
import { askedWindow, periodOf } from '../../domain/time/asked-window.ts';
import type { Window } from '../../domain/time/window.ts';
import type { ModelPool } from '../../jobs/model-pool.ts';
import type {
  Anomalies,
  AnomalyEvent,
  AnomalyFilter,
  AnomalyRecord,
} from '../../storage/records/analytics/anomalies.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import { type HistoryOptions, isJudged, loadHistory, SLOT_MS } from './device-history.ts';
import { EventReconciler } from './event-reconciler.ts';
import { type ExaminedTimes, unexamined } from './examined.ts';
import { type FoundEvent, limitsOf, toAnomaly } from './stored-anomaly.ts';
import { stuckSensors } from './stuck-sensors.ts';

export interface AnomalyOptions extends HistoryOptions {
  readonly devices: HistoryOptions['devices'] & {
    require(idOrName: string): DeviceRecord;
    all(): readonly DeviceRecord[];
  };
  readonly anomalies: Anomalies;
  readonly examined: ExaminedTimes;
  readonly models: ModelPool;
}

/** Length of the reference before a window, and its minimum. */
const REFERENCE_MS = 42 * UTC_DAY_MS;
const MIN_REFERENCE_MS = 7 * UTC_DAY_MS;
const MAX_WINDOW_DAYS = 92;
const DEFAULT_DAYS = 1;
/** The hourly run examines the last days again, since events grow and readings arrive late. */
const JOB_MS = 3 * UTC_DAY_MS;
const RECENT_MS = UTC_DAY_MS;
/** Maximum number of months of history that one run examines; the next runs continue. */
const MAX_HISTORY_WINDOWS_PER_RUN = 24;
const MAX_EXAMINED_DEVICES = 1000;
const CONTAMINATION = 0.1;
const SEED = 1;
/** Margin shown around an event: its length, within these limits. */
const AROUND_MS = { min: 6 * HOUR_MS, max: 2 * UTC_DAY_MS };
const TIMEOUT_MS = MINUTE_MS;

/** Anomalies of machines and sensors. */
export class AnomalyService {
  readonly #options: AnomalyOptions;
  readonly #reconciler: EventReconciler;
  readonly #listeners = new Set<(anomaly: Anomaly) => void>();
  /** Windows of history with too little data: they are retried after a restart. */
  readonly #fruitless = new Set<string>();

  constructor(options: AnomalyOptions) {
    this.#options = options;
    this.#reconciler = new EventReconciler(options.anomalies);
  }

  /** Calls `listener` with new and changed anomalies until the returned function is called. */
  subscribe(listener: (anomaly: Anomaly) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Examines a window of a device and stores the anomalies found. Throws NotFound, and InvalidInput for too little reference data. */
  async detect(request: AnomalyDetection, signal?: AbortSignal): Promise<DetectedAnomalies> {
    const { devices, describe, now } = this.#options;
    const device = devices.require(request.machine_id);
    if (!isJudged(this.#options, device)) {
      throw new NotFound(
        `${device.name} reports no power of a machine or a load, no temperature and no pressure: there is nothing to examine`,
      );
    }
    const window = windowOf(request, now());
    const { detection, limits, modelVersion, warnings } = await this.#judge(
      device,
      window,
      request.contamination,
      signal,
    );
    const hoursOf = (metric: string) =>
      limits.find((one) => one.metric === metric && one.type === 'stuck_sensor')?.factor ?? 1;
    const stuck = await stuckSensors(this.#options, device, window, hoursOf);
    const events: FoundEvent[] = [...detection.anomalies, ...stuck];
    const stored = await this.#store(device, events);
    const until = Math.floor(Math.min(window.end, now()) / SLOT_MS) * SLOT_MS;
    if (until > window.start) await this.#options.examined.add(device.id, { start: window.start, end: until });
    return {
      machine_id: device.id,
      machine_name: device.name,
      time_period: periodOf(window),
      anomalies_detected: stored.length,
      anomalies: stored
        .map((record) => toAnomaly(record, device, describe))
        .sort((a, b) => (a.start < b.start ? -1 : 1)),
      baseline_model_version: modelVersion,
      warnings,
    };
  }

  /**
   * Examines the last days of every device, and the history that was not examined yet, newest first. In the result, `to_do` is the number of
   * windows of history left for the next run.
   */
  async detectAll(signal: AbortSignal, progress: OnProgress) {
    const { devices, now } = this.#options;
    const judged = devices.all().filter((device) => isJudged(this.#options, device));
    const leftOut: { name: string; reason: string }[] = [];
    const history: { device: DeviceRecord; window: Window }[] = [];
    let found = 0;
    for (const [i, device] of judged.entries()) {
      signal.throwIfAborted();
      progress(i / judged.length, device.name);
      const outcome = await this.#examine(device, { start: now() - JOB_MS, end: now() }, signal);
      if (typeof outcome === 'string') leftOut.push({ name: device.name, reason: outcome });
      else found += outcome;
      for (const window of await this.#unexaminedOf(device)) history.push({ device, window });
    }
    const turn = history.filter(({ device, window }) => !this.#fruitless.has(pieceKey(device, window)));
    for (const [i, { device, window }] of turn.slice(0, MAX_HISTORY_WINDOWS_PER_RUN).entries()) {
      signal.throwIfAborted();
      progress(i / turn.length, `${device.name}: ${formatInstant(window.start).slice(0, 10)}`);
      const outcome = await this.#examine(device, window, signal);
      if (typeof outcome === 'number') found += outcome;
      else this.#fruitless.add(pieceKey(device, window));
    }
    const toDo = Math.max(0, turn.length - MAX_HISTORY_WINDOWS_PER_RUN);
    return { devices: judged.length - leftOut.length, anomalies: found, to_do: toDo, left_out: leftOut };
  }

  /** Number of anomalies of a window, or the reason why it cannot be assessed. */
  async #examine(device: DeviceRecord, { start, end }: Window, signal: AbortSignal): Promise<number | string> {
    const period = { start: formatInstant(start), end: formatInstant(end) };
    try {
      const request = { machine_id: device.id, ...period, contamination: CONTAMINATION };
      return (await this.detect(request, signal)).anomalies_detected;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ExpectedError)) throw error;
      return error.message;
    }
  }

  async #unexaminedOf(device: DeviceRecord): Promise<Window[]> {
    const { queries, devices, examined, now } = this.#options;
    const groups = new Set(queries.metricsOf(device.id).map((metric) => splitMetric(metric).group));
    const firsts = [...groups].map((group) => devices.firstReadingAt(device.id, group) ?? Number.POSITIVE_INFINITY);
    const from = Math.ceil((Math.min(...firsts) + MIN_REFERENCE_MS) / SLOT_MS) * SLOT_MS;
    const until = Math.floor((now() - JOB_MS) / SLOT_MS) * SLOT_MS;
    return unexamined(await examined.of(device.id), from, until, now());
  }

  /** Anomalies of the last 24 hours, newest first. */
  async recent({ machine_id: machine, severity, limit }: RecentAnomaliesQuery) {
    return this.#list({ ...this.#ofMachine(machine), severity, start: this.#options.now() - RECENT_MS }, limit);
  }

  /** Unresolved anomalies, newest first. */
  async active({ machine_id: machine, severity, limit }: RecentAnomaliesQuery) {
    return this.#list({ ...this.#ofMachine(machine), severity, active: true }, limit);
  }

  async page({ machine_id: machine, site_id: site, severity, type, start, end, active, limit, cursor }: AnomalyQuery) {
    const filter = {
      ...this.#ofMachine(machine),
      ...{ severity, type, limit, cursor },
      deviceIds: site === undefined ? undefined : await this.#devicesOf(site),
      start: start === undefined ? undefined : parseInstant(start),
      end: end === undefined ? undefined : parseInstant(end),
      active: active === undefined ? undefined : active === 'true',
    };
    const { items, nextCursor } = await this.#options.anomalies.page(filter);
    return {
      items: items.map((record) => this.#show(record)),
      next_cursor: nextCursor,
      examined: await this.#examined(filter),
    };
  }

  /** One anomaly with its log and the expected values around it. */
  async detail(id: string): Promise<AnomalyDetail> {
    const { anomalies } = this.#options;
    const record = await anomalies.require(id);
    const events = await anomalies.events(id);
    const label = Label.safeParse(events.findLast(({ kind }) => kind === 'label')?.text);
    return {
      ...this.#show(record),
      label: label.success ? label.data : null,
      events: events.map(({ at, ...event }) => ({ at: formatInstant(at), ...event })),
      series: await this.#series(record),
    };
  }

  async resolve(id: string, actor: string, comment: string | undefined): Promise<Anomaly> {
    return this.#note(id, { actor, kind: 'resolved', text: comment ?? null });
  }

  async reopen(id: string, actor: string, comment: string | undefined): Promise<Anomaly> {
    return this.#note(id, { actor, kind: 'reopened', text: comment ?? null });
  }

  async comment(id: string, actor: string, text: string): Promise<Anomaly> {
    return this.#note(id, { actor, kind: 'comment', text });
  }

  /** Labels an anomaly as right or wrong: "wrong" raises the limit above which such events are reported. */
  async label(id: string, actor: string, label: AnomalyLabel): Promise<Anomaly> {
    return this.#note(id, { actor, kind: 'label', text: label });
  }

  async #judge(device: DeviceRecord, window: Window, contamination: number, signal: AbortSignal | undefined) {
    const { models, anomalies } = this.#options;
    const span = { start: window.start - REFERENCE_MS, end: window.end };
    const { history, modelVersion } = await loadHistory(this.#options, device, span, window.start);
    const columns = [...(history.power ? [history.power.values] : []), ...history.sensors.map(({ values }) => values)];
    const known = Math.max(0, ...columns.map((column) => column.filter((value) => value === value).length)) * SLOT_MS;
    if (known < MIN_REFERENCE_MS) throw tooLittle(device, known);
    const limits = limitsOf(await anomalies.labelled(device.id));
    const task = { history, window, contamination, seed: SEED, limits };
    const detection: Detection = await models.run('anomaly.detect', task, { signal, timeoutMs: TIMEOUT_MS });
    const warnings = history.power && modelVersion === null ? [NO_BASELINE] : [];
    return { detection, limits, modelVersion, warnings };
  }

  async #store(device: DeviceRecord, events: readonly FoundEvent[]): Promise<AnomalyRecord[]> {
    const stored = await this.#reconciler.store(device, events);
    for (const { record, isNews } of stored) if (isNews) this.#publish(record);
    return stored.map(({ record }) => record);
  }

  async #series({ deviceId, metric, startAt, endAt }: AnomalyRecord): Promise<AnomalyDetail['series']> {
    const device = this.#options.devices.require(deviceId);
    const around = Math.min(Math.max(endAt - startAt, AROUND_MS.min), AROUND_MS.max);
    const window = { start: startAt - around, end: Math.min(endAt + around, this.#options.now()) };
    const judged = await this.#judge(device, window, CONTAMINATION, undefined).catch((error: unknown) => {
      if (error instanceof InvalidInput) return null;
      throw error;
    });
    const band = judged?.detection.bands.find((one) => one.metric === metric);
    if (band === undefined) return null;
    const numbers = (of: (i: number) => number) =>
      Array.from(band.starts, (_, i) => (Number.isFinite(of(i)) ? of(i) : null));
    const [expected, sigma] = [(i: number) => band.expected[i]!, (i: number) => band.sigma[i]!];
    return {
      timestamps: Array.from(band.starts, formatInstant),
      value: numbers((i) => band.values[i]!),
      expected: numbers(expected),
      lower: numbers((i) => expected(i) - 2 * sigma(i)),
      upper: numbers((i) => expected(i) + 2 * sigma(i)),
    };
  }

  async #list(filter: Parameters<Anomalies['count']>[0], limit: number) {
    const { anomalies } = this.#options;
    const [total, { items }] = await Promise.all([anomalies.count(filter), anomalies.page({ ...filter, limit })]);
    return {
      total_count: total,
      anomalies: items.map((record) => this.#show(record)),
      examined: await this.#examined(filter),
    };
  }

  /** The examined periods of the devices in a list. */
  async #examined({ deviceId, deviceIds }: Pick<AnomalyFilter, 'deviceId' | 'deviceIds'>): Promise<ExaminedDevice[]> {
    const { devices, examined } = this.#options;
    const ids = deviceIds === undefined ? null : new Set(deviceIds);
    const selected = devices
      .all()
      .filter(({ id }) => (deviceId === undefined || id === deviceId) && (ids === null || ids.has(id)))
      .filter((device) => isJudged(this.#options, device));
    return Promise.all(
      selected.slice(0, MAX_EXAMINED_DEVICES).map(async ({ id, name }) => ({
        machine_id: id,
        machine_name: name,
        time_periods: (await examined.of(id)).map(periodOf),
      })),
    );
  }

  async #note(id: string, event: Omit<AnomalyEvent, 'at'>): Promise<Anomaly> {
    const record = await this.#options.anomalies.note(id, event);
    this.#publish(record);
    return this.#show(record);
  }

  async #devicesOf(site: string): Promise<string[]> {
    const { devices, energy } = this.#options;
    return devices.ofSite((await energy.site(site)).id).map(({ id }) => id);
  }

  #ofMachine(machine: string | undefined): { deviceId?: string } {
    return machine === undefined ? {} : { deviceId: this.#options.devices.require(machine).id };
  }

  #show(record: AnomalyRecord): Anomaly {
    return toAnomaly(record, this.#options.devices.require(record.deviceId), this.#options.describe);
  }

  #publish(record: AnomalyRecord): void {
    for (const listener of this.#listeners) listener(this.#show(record));
  }
}

const NO_BASELINE =
  'no hourly baseline is active, or its drivers are not known by quarter hours: the expected power was learnt from the history of the machine alone';

function pieceKey({ id }: DeviceRecord, { start, end }: Window): string {
  return `${id} ${Math.round(start / UTC_DAY_MS)} ${Math.round(end / UTC_DAY_MS)}`;
}

function windowOf(request: Pick<AnomalyDetection, 'start' | 'end'>, now: number): Window {
  const window = askedWindow(request, { now, defaultDays: DEFAULT_DAYS, maxDays: MAX_WINDOW_DAYS });
  if (window.start < now) return window;
  const detail = `must not be in the future; got ${formatInstant(window.start)}`;
  throw new InvalidInput(`start ${detail}`, { fields: [{ field: 'start', detail }] });
}

function tooLittle({ name }: DeviceRecord, knownMs: number): InvalidInput {
  const days = (ms: number) => (ms / UTC_DAY_MS).toFixed(1);
  return new InvalidInput(
    `${days(knownMs)} days of ${name} are known before the end of the window, and ${days(MIN_REFERENCE_MS)} are needed as a reference: collect data for ${days(MIN_REFERENCE_MS - knownMs)} more days`,
  );
}
