import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import { intersect, type Window } from '../../domain/time/window.ts';
import type { Anomalies, AnomalyRecord } from '../../storage/records/analytics/anomalies.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import { type FoundEvent, toInput } from './stored-anomaly.ts';

export interface StoredEvent {
  readonly record: AnomalyRecord;
  /** It is new, or its end has changed. */
  readonly isNews: boolean;
}

const PAGE = 1000;

/**
 * Merges found events into the stored ones: an event that continues, shrinks or moves retains its identity. If an event is split, the part
 * with the largest overlap retains it; events that were joined become one, with the comments on each.
 */
export class EventReconciler {
  readonly #anomalies: Anomalies;
  readonly #queue = new SerialQueue();

  constructor(anomalies: Anomalies) {
    this.#anomalies = anomalies;
  }

  /** Returns the stored events in the order of `events`. Simultaneous searches are stored one after the other. */
  store(device: DeviceRecord, events: readonly FoundEvent[]): Promise<StoredEvent[]> {
    return this.#queue.run(() => this.#store(device, events));
  }

  async #store({ id: deviceId }: DeviceRecord, events: readonly FoundEvent[]): Promise<StoredEvent[]> {
    const known = Map.groupBy(await this.#around(deviceId, events), (one) => closestOf(one, events));
    // Latest first: when an event moves, the event at its new start has already moved.
    const stored = new Map<FoundEvent, StoredEvent>();
    for (const event of events.toSorted((a, b) => b.start - a.start)) {
      const [before, ...others] = (known.get(event) ?? []).sort((a, b) => overlapOf(b, event) - overlapOf(a, event));
      const input = toInput(deviceId, before ? reachingBack(event, before) : event);
      if (before === undefined) {
        stored.set(event, { record: await this.#anomalies.put(input), isNews: true });
        continue;
      }
      const absorbed = others.map(({ id }) => id);
      if (absorbed.length > 0) await this.#anomalies.absorb(before.id, absorbed);
      const record = await this.#anomalies.update(before.id, input);
      stored.set(event, { record, isNews: record.endAt !== before.endAt || absorbed.length > 0 });
    }
    return events.map((event) => stored.get(event) as StoredEvent);
  }

  /** Every stored event that overlaps a found one, however long before it started. */
  async #around(deviceId: string, events: readonly FoundEvent[]): Promise<AnomalyRecord[]> {
    if (events.length === 0) return [];
    const span = {
      start: events.reduce((min, { start }) => Math.min(min, start), Number.POSITIVE_INFINITY),
      end: events.reduce((max, { end }) => Math.max(max, end), Number.NEGATIVE_INFINITY),
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

/** Time that two events of the same quantity have in common; a stuck sensor is separate from other anomalies. */
function overlapOf(known: AnomalyRecord, { metric, type, start, end }: FoundEvent): number {
  const isStuck = (of: string) => of === 'stuck_sensor';
  if (known.metric !== metric || isStuck(known.type) !== isStuck(type)) return 0;
  const common: Window | null = intersect({ start: known.startAt, end: known.endAt }, { start, end });
  return common === null ? 0 : common.end - common.start;
}

/** A sensor that was stuck before the first sample read has been so since the stored start. */
function reachingBack(event: FoundEvent, { startAt }: AnomalyRecord): FoundEvent {
  if (!event.beganBefore || startAt >= event.start) return event;
  return { ...event, start: startAt, strength: (event.end - startAt) / HOUR_MS };
}
