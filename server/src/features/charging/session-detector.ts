import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import {
  BATTERY_RULES,
  type DetectedSession,
  detectSessions,
  type SessionRules,
  VEHICLE_RULES,
} from '../../analytics/charging/detect-sessions.ts';
import { type SessionCost, sessionCosts } from '../../analytics/charging/session-cost.ts';
import { allocateFlows } from '../../analytics/energy/flows.ts';
import type { Steps } from '../../analytics/energy/steps.ts';
import { seriesOf } from '../../domain/columns/frame.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type {
  ChargingSessionInput,
  ChargingSessionRecord,
  ChargingSessions,
} from '../../storage/records/analytics/charging-sessions.ts';
import type { SiteRecord } from '../../storage/records/devices/sites.ts';
import { deviceSteps } from '../energy/power-steps.ts';
import type { EnergyService } from '../energy/service.ts';
import { bestSources, type CornerSource, cornerSources, type SiteDevices } from '../energy/site-sources.ts';

export interface SessionDetectorOptions {
  readonly sessions: ChargingSessions;
  readonly devices: SiteDevices;
  readonly queries: TelemetryQueries;
  readonly energy: EnergyService;
  readonly now: () => number;
}

const RULES: Readonly<Record<'battery' | 'vehicle', SessionRules>> = { battery: BATTERY_RULES, vehicle: VEHICLE_RULES };

/** Spans before a window in which the start of a session is searched; a longer session is cut there. */
const MAX_LOOKBACK_MS = 16 * UTC_DAY_MS;
const LOOKBACKS_MS = [UTC_DAY_MS, 4 * UTC_DAY_MS, MAX_LOOKBACK_MS];
const PAGE = 1000;

/**
 * Detects charging sessions in telemetry and stores them. A session is identified by its device and its start, so that another run over the
 * same time updates it. Sessions that users recorded or corrected do not change, and a detected session of the same time and direction is
 * not added to them.
 */
export class SessionDetector {
  readonly #options: SessionDetectorOptions;

  constructor(options: SessionDetectorOptions) {
    this.#options = options;
  }

  /** Detects the sessions that overlap a window; returns their number. */
  async detect(site: SiteRecord, window: Window): Promise<number> {
    const { devices, queries } = this.#options;
    const sources = cornerSources(queries, devices, site, this.#options.now());
    let count = 0;
    for (const corner of ['battery', 'vehicle'] as const) {
      for (const source of bestSources(sources, corner, window)) {
        if (source.hasPower) count += await this.#detectOf(site, source, corner, window);
      }
    }
    return count;
  }

  async #detectOf(
    site: SiteRecord,
    source: CornerSource,
    corner: 'battery' | 'vehicle',
    window: Window,
  ): Promise<number> {
    const { sessions, now } = this.#options;
    const asOf = now();
    const running = await sessions.running(source.deviceId);
    const start = Math.min(window.start, running?.source === 'detected' ? running.startAt : window.start);
    const end = Math.min(window.end, asOf);
    if (start >= end) return 0;
    const { steps, found } = await this.#find(source, RULES[corner], { start, end }, asOf);
    const costs = await this.#costs(site, steps, found, corner);
    await this.#store(source.deviceId, { start, end }, found, costs);
    return found.length;
  }

  /** Sessions that overlap a span; reads back until the start of the first one is found. */
  async #find(source: CornerSource, rules: SessionRules, span: Window, asOf: number) {
    const { queries } = this.#options;
    for (const [i, lookbackMs] of LOOKBACKS_MS.entries()) {
      const read = { start: span.start - lookbackMs, end: Math.min(span.end + UTC_DAY_MS, asOf) };
      const [steps, [socFrame]] = await Promise.all([
        deviceSteps(queries, source, read, asOf),
        queries.frames({
          deviceIds: [source.deviceId],
          group: source.metrics.group,
          quantities: ['soc_percent'],
          window: { start: read.start, end: read.end + UTC_DAY_MS },
        }),
      ]);
      const inside = stepsBetween(steps, read);
      const soc = socFrame ? seriesOf(socFrame, 'soc_percent') : null;
      const all = detectSessions(inside, soc, rules, Math.min(asOf, read.end));
      const found = all.filter(({ startAt, endAt }) => endAt > span.start && startAt < span.end);
      const isCut = found[0] !== undefined && found[0].startAt <= read.start + rules.maxBreakMs;
      if (!isCut || i === LOOKBACKS_MS.length - 1) return { steps, found };
    }
    throw new RangeError('there are no lookbacks');
  }

  async #costs(
    site: SiteRecord,
    steps: Steps,
    found: readonly DetectedSession[],
    corner: 'battery' | 'vehicle',
  ): Promise<SessionCost[]> {
    const { energy } = this.#options;
    const [first] = found;
    if (first === undefined) return [];
    const window = { start: first.startAt, end: Math.max(...found.map(({ endAt }) => endAt)) };
    const { slots } = await energy.energy(site, window);
    const prices = await energy.pricing.pricesBySlot(site, slots.edges);
    return sessionCosts(found, steps, { slots, flows: allocateFlows(slots), prices, corner });
  }

  async #store(
    deviceId: string,
    span: Window,
    found: readonly DetectedSession[],
    costs: readonly SessionCost[],
  ): Promise<void> {
    const { sessions } = this.#options;
    const from = Math.min(span.start, found[0]?.startAt ?? span.start) - MAX_LOOKBACK_MS;
    const known = await this.#known(deviceId, { start: from, end: span.end });
    const recorded = [...known.values()].filter(({ source }) => source === 'recorded');
    for (const [i, session] of found.entries()) {
      if (recorded.some((other) => isSameSession(other, session))) continue;
      const before = known.get(session.startAt);
      known.delete(session.startAt);
      const input = toInput(deviceId, session, costs[i]!, before?.note ?? null);
      if (before === undefined || differs(before, input)) await sessions.upsert(input);
    }
    for (const outdated of known.values()) {
      if (outdated.startAt >= span.start && outdated.source === 'detected') await sessions.remove(outdated.id);
    }
  }

  /** Stored sessions of a device, by start. */
  async #known(deviceId: string, { start, end }: Window): Promise<Map<number, ChargingSessionRecord>> {
    const known = new Map<number, ChargingSessionRecord>();
    let cursor: string | undefined;
    do {
      const page = await this.#options.sessions.page({ deviceId, start, end, limit: PAGE, cursor });
      for (const session of page.items) known.set(session.startAt, session);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return known;
  }
}

/** A session that a user recorded without an end covers the detected session in which it starts. */
function isSameSession(recorded: ChargingSessionRecord, found: DetectedSession): boolean {
  if (recorded.startAt === found.startAt) return true;
  const endAt = recorded.endAt ?? recorded.startAt + 1;
  return recorded.direction === found.direction && recorded.startAt < found.endAt && found.startAt < endAt;
}

function stepsBetween(steps: Steps, { start, end }: Window): Steps {
  let from = 0;
  while (from < steps.starts.length && steps.starts[from]! < start) from++;
  let to = from;
  while (to < steps.starts.length && steps.starts[to]! < end) to++;
  return {
    starts: steps.starts.subarray(from, to),
    ends: steps.ends.subarray(from, to),
    values: steps.values.subarray(from, to),
  };
}

function toInput(
  deviceId: string,
  session: DetectedSession,
  { averagePricePerKwh, cost, gridShare, fallbackShare }: SessionCost,
  note: string | null,
): ChargingSessionInput {
  return {
    deviceId,
    direction: session.direction,
    startAt: session.startAt,
    endAt: session.isRunning ? null : session.endAt,
    energyKwh: session.energyKwh,
    startSocPercent: session.startSocPercent,
    endSocPercent: session.endSocPercent,
    averagePricePerKwh,
    cost,
    gridShare,
    fallbackShare,
    note,
    source: 'detected',
  };
}

function differs(before: ChargingSessionRecord, after: ChargingSessionInput): boolean {
  return Object.entries(after).some(([key, value]) => before[key as keyof ChargingSessionRecord] !== value);
}
