import { formatInstant } from '@wattkeeper/contract/common.ts';
import { type ReportKind, type ReportQuery, StoredReport } from '@wattkeeper/contract/report.ts';
import { Corrupt, NotFound } from '../../domain/errors.ts';
import { addDays, dayOf, dayWindow, localTime } from '../../domain/site-time.ts';
import type { Window } from '../../domain/window.ts';
import { cursorKey, pageFrom } from '../../storage/records/page.ts';
import type { ReportRecord, Reports } from '../../storage/records/reports.ts';
import type { SiteRecord, Sites } from '../../storage/records/sites.ts';
import type { EnergyService } from '../energy/service.ts';
import { periodsEndedBy, type ReportPeriod } from './report-periods.ts';

export interface ReportServiceOptions {
  readonly reports: Reports;
  readonly sites: Pick<Sites, 'list' | 'require'>;
  readonly energy: EnergyService;
  readonly now: () => number;
}

/** Days that a run looks back for reports that an earlier run missed. */
const CAUGHT_UP_DAYS = 7;
const LONGEST_PERIOD_DAYS = 31;

/** Reports of days, weeks and months that have ended, made once and kept. */
export class ReportService {
  readonly #options: ReportServiceOptions;

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
   * The scheduled job, run some time after midnight: stores yesterday's report of every site, those of the week and the month when
   * they ended with it, and what earlier runs missed. A day without readings has no report. Answers how many were stored.
   */
  async storeReports(signal?: AbortSignal): Promise<number> {
    let stored = 0;
    for (const site of await this.#options.sites.list()) {
      const today = dayOf(this.#options.now(), site.timezone);
      for (let back = CAUGHT_UP_DAYS; back >= 1; back--) {
        const day = addDays(today, -back);
        const { weekday } = localTime(dayWindow(day, site.timezone).start, site.timezone);
        for (const period of periodsEndedBy(day, weekday)) {
          if (signal?.aborted) return stored;
          if (await this.#store(site, period, back === 1)) stored++;
        }
      }
    }
    return stored;
  }

  /** Makes stored reports anew that tell of a window whose readings were changed. */
  async renew(siteId: string, { start, end }: Window): Promise<void> {
    const { sites, reports, now } = this.#options;
    const site = await sites.require(siteId);
    const [first, last] = [dayOf(start, site.timezone), dayOf(end - 1, site.timezone)];
    const today = dayOf(now(), site.timezone);
    for (let day = first; day < today && day <= addDays(last, LONGEST_PERIOD_DAYS); day = addDays(day, 1)) {
      const { weekday } = localTime(dayWindow(day, site.timezone).start, site.timezone);
      for (const period of periodsEndedBy(day, weekday)) {
        if (period.firstDay > last || (await reports.get(siteId, period.kind, period.period)) === undefined) continue;
        await this.#store(site, period, true);
      }
    }
  }

  /** Makes the report of a period; one that is there stays unless `renew` says otherwise. */
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
