import { formatInstant } from '@wattkeeper/contract/common.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import {
  type DeviceArrivals,
  MAX_COUNTER_EVENTS,
  QualityReport,
  type SeriesQuality,
} from '@wattkeeper/contract/storage/quality.ts';
import type { SunPlace } from '../../analytics/quality/natural-gaps.ts';
import { lengthOf, seriesScore } from '../../analytics/quality/score.ts';
import { seriesQuality } from '../../analytics/quality/series-quality.ts';
import { seriesOf } from '../../domain/columns/frame.ts';
import type { CounterEvent } from '../../domain/counters/counter.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { isRestless } from '../../domain/metric-catalogue.ts';
import type { OnProgress } from '../../domain/progress.ts';
import { periodOf } from '../../domain/time/asked-window.ts';
import { addDays, dayOf, dayWindow } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import type { Arrivals } from '../../ingest/arrivals.ts';
import { quantitiesByGroup } from '../../query/query-planner.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import { reportingOf } from '../devices/declared-rules.ts';
import { type ConsistencyOptions, consistencyOf } from './consistency.ts';
import { findingsOf } from './findings.ts';

export interface QualityOptions extends ConsistencyOptions {
  readonly records: Pick<RecordStore, 'sites' | 'series' | 'reports'>;
  readonly describe: (metric: string) => Metric;
  readonly arrivals: (deviceId: string, window: Window) => Arrivals;
  /** Number of values in quarantine that were received in a window, by device. */
  readonly quarantined: (window: Window) => Promise<ReadonlyMap<string, number>>;
}

/** Span before a day whose samples give the reporting interval of a series and how often its values repeat. */
const HISTORY_MS = 7 * UTC_DAY_MS;
/** A series that was silent for longer belongs to a device that no longer exists, and is not reported. */
const SILENT_MS = 30 * UTC_DAY_MS;
const MAX_GAPS_LISTED = 10;
const REPORT = 'quality';
/** Number of past days that late readings may still change. */
const OPEN_DAYS = 2;
const DEFAULT_DAYS = 30;

/** Assesses the data quality of a site day by day, and stores the reports. */
export class QualityService {
  readonly #options: QualityOptions;

  constructor(options: QualityOptions) {
    this.#options = options;
  }

  /** The report of a day: the stored one of an earlier day, else a new one. */
  async report(date?: string, siteId?: string): Promise<QualityReport> {
    const site = await this.#options.energy.site(siteId);
    const today = dayOf(this.#options.now(), site.timezone);
    const day = date ?? today;
    if (day > today) {
      const detail = `must not be after today, ${today} at ${site.name}; got ${day}`;
      throw new InvalidInput(`date ${detail}`, { fields: [{ field: 'date', detail }] });
    }
    const stored = await this.#stored(site, day);
    if (stored !== undefined && day < addDays(today, -OPEN_DAYS)) return stored;
    return this.#make(site, day, stored);
  }

  /** Scores of the days that have a report, oldest first. */
  async days(siteId?: string, start?: string, end?: string) {
    const site = await this.#options.energy.site(siteId);
    const today = dayOf(this.#options.now(), site.timezone);
    const from = start ?? addDays(today, -DEFAULT_DAYS);
    const reports = await this.#options.records.reports.list({
      siteId: site.id,
      kind: REPORT,
      from,
      to: end ?? today,
    });
    return {
      site_id: site.id,
      days: reports.map(({ content }) => {
        const { date, score, completeness, findings } = QualityReport.parse(content);
        return { date, score, completeness, findings: findings.length };
      }),
    };
  }

  /** The scheduled job: makes and stores the reports of every site's open days. Returns their number. */
  async storeReports(signal: AbortSignal, progress: OnProgress): Promise<number> {
    const sites = await this.#options.records.sites.list();
    let made = 0;
    for (const site of sites) {
      const today = dayOf(this.#options.now(), site.timezone);
      for (let back = OPEN_DAYS; back >= 0; back--) {
        signal.throwIfAborted();
        const day = addDays(today, -back);
        const report = await this.#make(site, day, await this.#stored(site, day));
        if (report.score !== null) await this.#options.records.reports.put(site.id, REPORT, day, report);
        progress(++made / (sites.length * (OPEN_DAYS + 1)));
      }
    }
    return made;
  }

  /** Makes stored reports of a window again, after its readings were changed. */
  async renew(siteId: string, { start, end }: Window): Promise<void> {
    const site = await this.#options.energy.site(siteId);
    const last = dayOf(end - 1, site.timezone);
    for (let day = dayOf(start, site.timezone); day <= last; day = addDays(day, 1)) {
      const stored = await this.#stored(site, day);
      if (stored === undefined) continue;
      await this.#options.records.reports.put(site.id, REPORT, day, await this.#make(site, day, stored));
    }
  }

  async #stored(site: SiteRecord, day: string): Promise<QualityReport | undefined> {
    const record = await this.#options.records.reports.get(site.id, REPORT, day);
    return record && QualityReport.parse(record.content);
  }

  async #make(site: SiteRecord, day: string, before: QualityReport | undefined): Promise<QualityReport> {
    const { devices, now } = this.#options;
    const window = dayWindow(day, site.timezone);
    const ofSite = devices.ofSite(site.id);
    const series: SeriesQuality[] = [];
    for (const device of ofSite) series.push(...(await this.#seriesOf(device, window, sunOf(site))));
    const quarantined = await this.#options.quarantined(window);
    const arrivals = ofSite.map((device) => this.#arrivalsOf(device, window, quarantined.get(device.id) ?? 0, before));
    const consistency = await consistencyOf(this.#options, site, window);
    const judged = series.filter(({ score }) => score !== null);
    const expected = judged.reduce((sum, one) => sum + (one.expected ?? 0), 0);
    const present = judged.reduce((sum, one) => sum + (one.completeness ?? 0) * (one.expected ?? 0), 0);
    return {
      site_id: site.id,
      date: day,
      time_period: periodOf(window),
      generated_at: formatInstant(now()),
      score: judged.length === 0 ? null : judged.reduce((sum, { score }) => sum + (score ?? 0), 0) / judged.length,
      completeness: expected === 0 ? null : present / expected,
      series,
      devices: arrivals,
      consistency,
      findings: findingsOf(series, arrivals, consistency),
    };
  }

  async #seriesOf(device: DeviceRecord, window: Window, sun: SunPlace | null): Promise<SeriesQuality[]> {
    const { queries, records, describe, now } = this.#options;
    const since = new Map(
      (await records.series.list(device.id)).map(({ metric, firstSeenAt }) => [metric, firstSeenAt]),
    );
    const latest = new Map(queries.latest([device.id]).map(({ metric, timestamp }) => [metric, timestamp]));
    const judged: SeriesQuality[] = [];
    for (const [group, quantities] of quantitiesByGroup(queries.metricsOf(device.id))) {
      const span = { start: window.start - HISTORY_MS, end: window.end };
      const [frame] = await queries.frames({ deviceIds: [device.id], group, quantities, window: span });
      for (const quantity of quantities) {
        const metric = `${group}.${quantity}`;
        const first = since.get(metric) ?? Number.POSITIVE_INFINITY;
        const series = frame
          ? seriesOf(frame, quantity)
          : { timestamps: new Float64Array(0), values: new Float64Array(0) };
        const isGone = series.timestamps.length === 0 && (latest.get(metric) ?? 0) < window.start - SILENT_MS;
        const until = Math.min(now(), device.retiredAt ?? Number.POSITIVE_INFINITY);
        if (first >= window.end || until <= window.start || isGone) continue;
        const quality = seriesQuality(series, {
          metric: describe(metric),
          window,
          asOf: until,
          reporting: reportingOf(device, [metric]),
          restless: isRestless(metric),
          since: first,
          sun: group === 'solar' ? sun : null,
        });
        const { events } = await queries.counter({ deviceId: device.id, group, quantity, window });
        const length = { start: window.start, end: Math.min(window.end, until) };
        judged.push({
          device_id: device.id,
          device_name: device.name,
          metric,
          score: seriesScore(quality, length),
          samples: quality.samples,
          expected: quality.expected,
          interval_s: quality.intervalMs === null ? null : quality.intervalMs / 1000,
          completeness: quality.completeness,
          gaps: longest(quality.gaps).map(periodOf),
          gap_count: quality.gaps.length,
          gap_s: lengthOf(quality.gaps) / 1000,
          out_of_range: quality.outOfRange,
          stuck: quality.stuck.map(periodOf),
          interpolated: quality.interpolated.map(periodOf),
          resets: events.filter(({ kind }) => kind !== 'misread' && kind !== 'jump').length,
          counter_events: events.slice(0, MAX_COUNTER_EVENTS).map(presented),
        });
      }
    }
    return judged;
  }

  /** Counts of this process, or those stored by an earlier one, whichever cover more readings. */
  #arrivalsOf(
    device: DeviceRecord,
    window: Window,
    quarantined: number,
    before: QualityReport | undefined,
  ): DeviceArrivals {
    const counted = this.#options.arrivals(device.id, window);
    const stored = before?.devices.find(({ device_id }) => device_id === device.id);
    const more = stored !== undefined && stored.readings > counted.readings ? stored : null;
    return {
      device_id: device.id,
      device_name: device.name,
      readings: more?.readings ?? counted.readings,
      duplicates: more?.duplicates ?? counted.duplicates,
      late: more?.late ?? counted.late,
      quarantined,
      clock_ahead_s: more ? more.clock_ahead_s : counted.minDelayMs === null ? null : -counted.minDelayMs / 1000,
    };
  }
}

/** Coordinates of a site's panels; null without a location. */
function sunOf({ latitude, longitude }: SiteRecord): SunPlace | null {
  return latitude === null || longitude === null ? null : { latitudeDeg: latitude, longitudeDeg: longitude };
}

function presented({ kind, start, end, before, after, counted, inDoubt, decided = false }: CounterEvent) {
  return { kind, time_period: periodOf({ start, end }), before, after, counted, in_doubt: inDoubt, decided };
}

function longest(gaps: readonly Window[]): Window[] {
  return [...gaps].sort((a, b) => b.end - b.start - (a.end - a.start)).slice(0, MAX_GAPS_LISTED);
}
