import type {
  ChargingSession,
  ChargingSessionCreate,
  ChargingSessionPatch,
  ChargingSessionQuery,
} from '@wattkeeper/contract/charging.ts';
import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { z } from 'zod';
import { askedDays } from '../../domain/time/asked-window.ts';
import { addDays, dayOf, dayWindow } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import type { ChargingSessionRecord } from '../../storage/records/analytics/charging-sessions.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { SiteRecord, Sites } from '../../storage/records/devices/sites.ts';
import { SessionDetector, type SessionDetectorOptions } from './session-detector.ts';

export interface ChargingServiceOptions extends SessionDetectorOptions {
  readonly sites: Pick<Sites, 'list' | 'require' | 'preferred'>;
  readonly devices: SessionDetectorOptions['devices'] & {
    /** By id or name; throws NotFound. */
    require(idOrName: string): DeviceRecord;
  };
}

/** Days before today in the default list, and in which sessions are detected by default. */
const DEFAULT_DAYS = 30;
/** Maximum span before now in which one request detects sessions. */
const MAX_SEARCHED_DAYS = 400;
/** Minimum time between two detections for lists. */
const FRESH_MS = MINUTE_MS;
/** Span before the last run that each scheduled run searches again, since readings may arrive late. */
const OVERLAP_MS = 2 * UTC_DAY_MS;

/** Charging sessions, recorded by users and detected in telemetry. */
export class ChargingService {
  readonly #options: ChargingServiceOptions;
  readonly #detector: SessionDetector;
  /** The span of each site in which sessions were detected since the start. */
  readonly #searched = new Map<string, Window>();
  readonly #searching = new Map<string, Promise<void>>();

  constructor(options: ChargingServiceOptions) {
    this.#options = options;
    this.#detector = new SessionDetector(options);
  }

  /** Newest first; sessions of the requested days that are not stored yet are detected first. */
  async page(query: z.infer<typeof ChargingSessionQuery>) {
    const { sites, sessions, devices, now } = this.#options;
    const device = query.device_id === undefined ? undefined : devices.require(query.device_id);
    const site = await (query.site_id === undefined && device !== undefined
      ? sites.require(device.siteId)
      : query.site_id === undefined
        ? sites.preferred()
        : sites.require(query.site_id));
    const window = windowOf(query, site.timezone, now());
    await this.#ensureSearched(site, {
      start: window.start ?? dayWindow(addDays(dayOf(now(), site.timezone), 1 - DEFAULT_DAYS), site.timezone).start,
      end: Math.min(window.end ?? now(), now()),
    });
    const page = await sessions.page({
      limit: query.limit,
      cursor: query.cursor,
      deviceId: device?.id,
      siteId: query.site_id === undefined ? undefined : site.id,
      ...window,
    });
    return { items: page.items.map(toSession), next_cursor: page.nextCursor };
  }

  /** Throws NotFound. */
  async get(id: string): Promise<ChargingSession> {
    return toSession(await this.#options.sessions.require(id));
  }

  /** Throws NotFound for an unknown device, Conflict if it has a session that starts at the same instant. */
  async create(body: ChargingSessionCreate): Promise<ChargingSession> {
    const { devices, sessions } = this.#options;
    return toSession(
      await sessions.create({
        deviceId: devices.require(body.device_id).id,
        direction: body.direction,
        startAt: parseInstant(body.start_time),
        endAt: body.end_time === null ? null : parseInstant(body.end_time),
        energyKwh: body.energy_kwh,
        startSocPercent: body.start_soc_percent,
        endSocPercent: body.end_soc_percent,
        averagePricePerKwh: body.average_price_per_kwh,
        cost: body.cost,
        gridShare: body.grid_share,
        note: body.note,
        source: 'recorded',
      }),
    );
  }

  /**
   * Corrects a session. It then counts as recorded, and detection no longer changes it; a note alone does not have this effect.
   * Throws NotFound, Conflict, or InvalidInput if the session would end before it starts.
   */
  async update(id: string, patch: ChargingSessionPatch): Promise<ChargingSession> {
    const endTime = patch.end_time;
    return toSession(
      await this.#options.sessions.update(id, {
        direction: patch.direction,
        startAt: patch.start_time === undefined ? undefined : parseInstant(patch.start_time),
        endAt: endTime === undefined || endTime === null ? endTime : parseInstant(endTime),
        energyKwh: patch.energy_kwh,
        startSocPercent: patch.start_soc_percent,
        endSocPercent: patch.end_soc_percent,
        averagePricePerKwh: patch.average_price_per_kwh,
        cost: patch.cost,
        gridShare: patch.grid_share,
        note: patch.note,
        source: Object.keys(patch).some((field) => field !== 'note') ? 'recorded' : undefined,
      }),
    );
  }

  /** Detects the sessions of a site that overlap a window; returns their number. Throws NotFound. */
  async detectSessions(siteId: string, window: Window): Promise<number> {
    return this.#detector.detect(await this.#options.sites.require(siteId), window);
  }

  /** The scheduled job: updates the sessions of every site up to now, and the last two days again. */
  async detectRecent(): Promise<number> {
    const { sites, now } = this.#options;
    let count = 0;
    for (const site of await sites.list()) {
      const end = now();
      const start = (this.#searched.get(site.id)?.end ?? end) - OVERLAP_MS;
      count += await this.#detector.detect(site, { start, end });
      this.#remember(site.id, { start, end });
    }
    return count;
  }

  /** One search per site at a time; the next one continues after it. */
  async #ensureSearched(site: SiteRecord, window: Window): Promise<void> {
    await this.#searching.get(site.id);
    const search = this.#search(site, window).finally(() => this.#searching.delete(site.id));
    this.#searching.set(site.id, search);
    await search;
  }

  async #search(site: SiteRecord, { start, end }: Window): Promise<void> {
    const earliest = Math.max(start, end - MAX_SEARCHED_DAYS * UTC_DAY_MS);
    const known = this.#searched.get(site.id);
    const open: Window[] = [];
    if (known === undefined) open.push({ start: earliest, end });
    else {
      if (earliest < known.start) open.push({ start: earliest, end: known.start });
      if (end > known.end + FRESH_MS) open.push({ start: known.end, end });
    }
    for (const window of open) {
      if (window.start >= window.end) continue;
      await this.#detector.detect(site, window);
      this.#remember(site.id, window);
    }
  }

  #remember(siteId: string, { start, end }: Window): void {
    const known = this.#searched.get(siteId) ?? { start, end };
    this.#searched.set(siteId, { start: Math.min(known.start, start), end: Math.max(known.end, end) });
  }
}

function windowOf(
  query: z.infer<typeof ChargingSessionQuery>,
  timeZone: string,
  now: number,
): { start?: number; end?: number } {
  const { start, end } = askedDays(query, timeZone);
  if (start !== undefined && start >= now) return { start, end: Math.max(start, end ?? start) };
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
}

function toSession(session: ChargingSessionRecord): ChargingSession {
  return {
    id: session.id,
    device_id: session.deviceId,
    device_name: session.deviceName,
    site_id: session.siteId,
    direction: session.direction,
    start_time: formatInstant(session.startAt),
    end_time: session.endAt === null ? null : formatInstant(session.endAt),
    energy_kwh: session.energyKwh,
    start_soc_percent: session.startSocPercent,
    end_soc_percent: session.endSocPercent,
    average_price_per_kwh: session.averagePricePerKwh,
    cost: session.cost,
    grid_share: session.gridShare,
    note: session.note,
    source: session.source,
    warnings: fallbackWarnings(session),
  };
}

/** Share of a session's grid energy priced at the fallback above which a warning is given. */
const MAX_SILENT_FALLBACK_SHARE = 0.01;

function fallbackWarnings({ fallbackShare, cost }: ChargingSessionRecord): string[] {
  if (cost === null || fallbackShare === null || fallbackShare <= MAX_SILENT_FALLBACK_SHARE) return [];
  const percent = Math.ceil(100 * fallbackShare);
  return [`no price is known for ${percent} % of the energy of this session: the tariff's fallback applies there`];
}
