import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import { intersect, type Window } from '../../domain/time/window.ts';
import type { Anomalies, AnomalyRecord } from '../../storage/records/analytics/anomalies.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import { type FoundEvent, toInput } from './stored-anomaly.ts';

export interface KeptEvent {
  readonly record: AnomalyRecord;
  /** It was not known before, or ended otherwise. */
  readonly isNews: boolean;
}

const PAGE = 1000;

/**
 * Holds found events against known ones: an event that goes on, shrinks or moves stays the one it was. Of one that fell apart, the part that it
 * overlaps the most stays; those that grew together become one, with what was said of each.
 */
export class EventKeeper {
  readonly #anomalies: Anomalies;
  readonly #queue = new SerialQueue();

  constructor(anomalies: Anomalies) {
    this.#anomalies = anomalies;
  }

  /** Answers in the order of the events. Of searches that end at once, one is kept after the other: each knows what the one before kept. */
  keep(device: DeviceRecord, events: readonly FoundEvent[]): Promise<KeptEvent[]> {
    return this.#queue.run(() => this.#keep(device, events));
  }

  async #keep({ id: deviceId }: DeviceRecord, events: readonly FoundEvent[]): Promise<KeptEvent[]> {
    const known = Map.groupBy(await this.#around(deviceId, events), (one) => closestOf(one, events));
    // Latest first: where an event moves, whichever held its new start has moved on already.
    const kept = new Map<FoundEvent, KeptEvent>();
    for (const event of events.toSorted((a, b) => b.start - a.start)) {
      const [before, ...others] = (known.get(event) ?? []).sort((a, b) => overlapOf(b, event) - overlapOf(a, event));
      const input = toInput(deviceId, before ? reachingBack(event, before) : event);
      if (before === undefined) {
        kept.set(event, { record: await this.#anomalies.put(input), isNews: true });
        continue;
      }
      const absorbed = others.map(({ id }) => id);
      if (absorbed.length > 0) await this.#anomalies.absorb(before.id, absorbed);
      const record = await this.#anomalies.update(before.id, input);
      kept.set(event, { record, isNews: record.endAt !== before.endAt || absorbed.length > 0 });
    }
    return events.map((event) => kept.get(event) as KeptEvent);
  }

  /** Every known event that lies where one was found, however long it began before. */
  async #around(deviceId: string, events: readonly FoundEvent[]): Promise<AnomalyRecord[]> {
    if (events.length === 0) return [];
    const span = {
      start: events.reduce((least, { start }) => Math.min(least, start), Number.POSITIVE_INFINITY),
      end: events.reduce((most, { end }) => Math.max(most, end), Number.NEGATIVE_INFINITY),
    };
    const all: AnomalyRecord[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await this.#anomalies.page({ deviceId, ...span, limit: PAGE, cursor });
      all.push(...page.items);
      cursor = page.nextCursor;
    }
    return all;
  }
}

function closestOf(known: AnomalyRecord, events: readonly FoundEvent[]): FoundEvent | undefined {
  return events
    .filter((event) => overlapOf(known, event) > 0)
    .reduce<FoundEvent | undefined>(
      (best, event) => (best === undefined || overlapOf(known, event) > overlapOf(known, best) ? event : best),
      undefined,
    );
}

/** How long the same quantity was out of order in both; a sensor that sticks is another matter than one that reads too much. */
function overlapOf(known: AnomalyRecord, { metric, type, start, end }: FoundEvent): number {
  const isStuck = (of: string) => of === 'stuck_sensor';
  if (known.metric !== metric || isStuck(known.type) !== isStuck(type)) return 0;
  const common: Window | null = intersect({ start: known.startAt, end: known.endAt }, { start, end });
  return common === null ? 0 : common.end - common.start;
}

/** A sensor that stood still before the first sample that was looked at has done so since it was told first. */
function reachingBack(event: FoundEvent, { startAt }: AnomalyRecord): FoundEvent {
  if (!event.beganBefore || startAt >= event.start) return event;
  return { ...event, start: startAt, strength: (event.end - startAt) / HOUR_MS };
}
