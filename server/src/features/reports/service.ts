import { ReportKind, type ReportQuery, StoredReport } from '@wattkeeper/contract/analytics/report.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { CORNER_METRICS } from '../../analytics/energy/corners.ts';
import { Corrupt, NotFound } from '../../domain/errors.ts';
import { addDays, dayOf, dayWindow, localTime } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import type { ReportRecord, Reports } from '../../storage/records/analytics/reports.ts';
import type { SiteRecord, Sites } from '../../storage/records/devices/sites.ts';
import { cursorKey, pageFrom } from '../../storage/records/page.ts';
import type { EnergyService } from '../energy/service.ts';
import type { SiteDevices } from '../energy/site-sources.ts';
import { periodsEndedBy, type ReportPeriod } from './report-periods.ts';

export interface ReportServiceOptions {
  readonly reports: Reports;
  readonly sites: Pick<Sites, 'list' | 'require'>;
  readonly energy: EnergyService;
  readonly devices: SiteDevices;
  readonly now: () => number;
}

/** Days before today whose reports every run checks. */
const RECENT_DAYS = 7;
const MAX_PERIOD_DAYS = 31;
/** Maximum number of past reports per run and site; the next run continues. */
export const MAX_PAST_REPORTS_PER_RUN = 2000;

/** Reports of days, weeks and months that have ended, made once and stored. */
export class ReportService {
  readonly #options: ReportServiceOptions;
  /** Site → the day and the first readings of its devices at the last complete search of the past. */
  readonly #searched = new Map<string, string>();

  constructor(options: ReportServiceOptions) {
    this.#options = options;
  }

  /** Newest first. */
  async page(query: ReportQuery) {
    const { reports, energy } = this.#options;
    const site = await energy.site(query.site_id);
    const before = cursorKey(query.cursor, 'string')?.[0];
    const all = await reports.list({ siteId: site.id, kind: query.kind });
    const older = all.reverse().filter(({ period }) => before === undefined || period < String(before));
    const page = pageFrom(older.slice(0, query.limit + 1), query.limit, ({ period }) => [period]);
    return { items: page.items.map(toStored), next_cursor: page.nextCursor };
  }

  /**
   * The scheduled job, run some time after midnight: stores yesterday's report of every site, those of a week or month that ended with it, and
   * missing reports of the past, of any age: runs that were missed, or readings that were imported. A day without readings has no report.
   * Returns the number of reports stored.
   */
  async storeReports(signal?: AbortSignal): Promise<number> {
    let stored = 0;
    for (const site of await this.#options.sites.list()) {
      const today = dayOf(this.#options.now(), site.timezone);
      for (let back = RECENT_DAYS; back >= 1; back--) {
        for (const period of endedBy(addDays(today, -back), site)) {
          if (signal?.aborted) return stored;
          if (await this.#store(site, period, back === 1)) stored++;
        }
      }
      stored += await this.#storePast(site, today, signal);
    }
    return stored;
  }

  /** Reports of days before the recent ones. Checked once a day, and when a device has earlier readings than before. */
  async #storePast(site: SiteRecord, today: string, signal: AbortSignal | undefined): Promise<number> {
    const begins = this.#beginnings(site);
    const state = `${today} ${begins.map(({ firstAt }) => firstAt).join()}`;
    if (begins.length === 0 || this.#searched.get(site.id) === state) return 0;
    const known = await this.#options.reports.keys(site.id, ReportKind.options);
    const madeAt = new Map(known.map(({ kind, period, createdAt }) => [`${kind} ${period}`, createdAt]));
    const first = dayOf(Math.min(...begins.map(({ firstAt }) => firstAt)), site.timezone);
    const past = addDays(today, -RECENT_DAYS);
    let stored = 0;
    for (let day = first; day < past; day = firstOfNextMonth(day)) {
      const due = daysOf(day, past).flatMap((one) =>
        endedBy(one, site).filter(({ kind, period, lastDay }) => {
          const made = madeAt.get(`${kind} ${period}`);
          return made === undefined || isOutdated(made, dayWindow(lastDay, site.timezone).end, begins);
        }),
      );
      if (due.length === 0) continue;
      const withReadings = await this.#daysWithReadings(site, due);
      for (const period of due) {
        if (signal?.aborted || stored === MAX_PAST_REPORTS_PER_RUN) return stored;
        if (!withReadings.some((one) => one >= period.firstDay && one <= period.lastDay)) continue;
        if (await this.#store(site, period, true)) stored++;
      }
    }
    this.#searched.set(site.id, state);
    return stored;
  }

  /** For each device of a site, its registration and the instant of its first energy reading. */
  #beginnings({ id: siteId }: SiteRecord): Beginning[] {
    const { devices } = this.#options;
    return devices.ofSite(siteId).flatMap(({ id, createdAt }) => {
      const firstAt = Math.min(
        ...CORNER_METRICS.map(({ group }) => devices.firstReadingAt(id, group) ?? Number.POSITIVE_INFINITY),
      );
      return Number.isFinite(firstAt) ? [{ createdAt, firstAt }] : [];
    });
  }

  /** Days of the periods on which the site has energy readings. */
  async #daysWithReadings({ id, timezone }: SiteRecord, of: readonly ReportPeriod[]): Promise<string[]> {
    const firstDay = of.map((period) => period.firstDay).sort()[0]!;
    const lastDay = of.at(-1)!.lastDay;
    const { periods } = await this.#options.energy.balance({
      site_id: id,
      start: formatInstant(dayWindow(firstDay, timezone).start),
      end: formatInstant(dayWindow(lastDay, timezone).end),
      resolution: '1d',
    });
    return periods.filter(({ coverage }) => coverage > 0).map(({ start }) => dayOf(Date.parse(start), timezone));
  }

  /** Replaces stored reports on a window whose readings were changed. */
  async renew(siteId: string, { start, end }: Window): Promise<void> {
    const { sites, reports, now } = this.#options;
    const site = await sites.require(siteId);
    const [first, last] = [dayOf(start, site.timezone), dayOf(end - 1, site.timezone)];
    const today = dayOf(now(), site.timezone);
    for (let day = first; day < today && day <= addDays(last, MAX_PERIOD_DAYS); day = addDays(day, 1)) {
      for (const period of endedBy(day, site)) {
        if (period.firstDay > last || (await reports.get(siteId, period.kind, period.period)) === undefined) continue;
        await this.#store(site, period, true);
      }
    }
  }

  /** Makes the report of a period; an existing one is retained unless `renew` is set. */
  async #store(site: SiteRecord, { kind, period, firstDay, lastDay }: ReportPeriod, renew: boolean): Promise<boolean> {
    const { reports } = this.#options;
    if (!renew && (await reports.get(site.id, kind, period)) !== undefined) return false;
    const content = await this.#make(site, kind, firstDay, lastDay);
    if (content === null) return false;
    await reports.put(site.id, kind, period, content);
    return true;
  }

  async #make(site: SiteRecord, kind: ReportKind, firstDay: string, lastDay: string): Promise<unknown> {
    const { energy } = this.#options;
    if (kind !== 'daily') {
      const balance = await energy.balance({
        site_id: site.id,
        start: formatInstant(dayWindow(firstDay, site.timezone).start),
        end: formatInstant(dayWindow(lastDay, site.timezone).end),
        resolution: '1d',
      });
      return balance.totals.coverage > 0 ? balance : null;
    }
    try {
      return await energy.dailyReport(firstDay, site.id);
    } catch (error) {
      if (error instanceof NotFound && error.code === 'no_data') return null;
      throw error;
    }
  }
}

/** A device of a site. */
interface Beginning {
  readonly createdAt: number;
  /** First reading, epoch milliseconds. */
  readonly firstAt: number;
}

/** Whether a device registered after a report was made has readings from before the end of its period. */
function isOutdated(madeAt: number, endOfPeriod: number, begins: readonly Beginning[]): boolean {
  return begins.some(({ createdAt, firstAt }) => createdAt > madeAt && firstAt < endOfPeriod);
}

function endedBy(day: string, { timezone }: SiteRecord): ReportPeriod[] {
  return periodsEndedBy(day, localTime(dayWindow(day, timezone).start, timezone).weekday);
}

function firstOfNextMonth(day: string): string {
  return `${addDays(`${day.slice(0, 7)}-01`, MAX_PERIOD_DAYS).slice(0, 7)}-01`;
}

/** The days of a month from `day` to the last one before `end`. */
function daysOf(first: string, end: string): string[] {
  const days: string[] = [];
  for (let day = first; day < end && day.slice(0, 7) === first.slice(0, 7); day = addDays(day, 1)) days.push(day);
  return days;
}

function toStored({ siteId, kind, period, content, createdAt }: ReportRecord): StoredReport {
  const stored = StoredReport.safeParse({
    site_id: siteId,
    kind,
    period,
    created_at: formatInstant(createdAt),
    content,
  });
  if (stored.success) return stored.data;
  throw new Corrupt(`the stored ${kind} report of ${period} cannot be read: ${stored.error.issues[0]?.message}`, {
    cause: stored.error,
  });
}
