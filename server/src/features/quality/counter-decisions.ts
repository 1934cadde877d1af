import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import type { CounterDecision, CounterDecisionRequest } from '@wattkeeper/contract/storage/quality.ts';
import type { Block } from '../../domain/columns/batch.ts';
import { seriesOf } from '../../domain/columns/frame.ts';
import { Conflict, NotFound } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { Window } from '../../domain/time/window.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';

export interface CounterDecisionsOptions {
  readonly devices: Pick<DeviceDirectory, 'require' | 'all'>;
  readonly records: Pick<RecordStore, 'devices'>;
  readonly queries: Pick<TelemetryQueries, 'counter' | 'frames' | 'rawFrom'>;
  /** Writes samples again, so that values derived from them are computed again. */
  readonly accept: (blocks: readonly Block[]) => Promise<void>;
  /** Called after a change, so that the results derived from a site's readings in a window are updated. */
  readonly onChanged: (siteId: string, window: Window) => Promise<void>;
}

/** Decisions of users on the amounts that counter events count for; they take precedence over the rules. */
export class CounterDecisions {
  readonly #options: CounterDecisionsOptions;

  constructor(options: CounterDecisionsOptions) {
    this.#options = options;
  }

  /** The decisions on one device, or on all; by device, metric and instant. */
  list(deviceId?: string): CounterDecision[] {
    const { devices } = this.#options;
    const selected = deviceId === undefined ? devices.all() : [devices.require(deviceId)];
    return selected
      .flatMap(toDecisions)
      .sort(
        (a, b) =>
          a.device_name.localeCompare(b.device_name) || a.metric.localeCompare(b.metric) || a.at.localeCompare(b.at),
      );
  }

  /**
   * Decides the amount that an event counts for; null withdraws a decision.
   * @throws NotFound for an unknown device, or if no event starts at the instant; Conflict if raw samples of that time are deleted
   */
  async decide(
    { device_id, metric, at, counts }: CounterDecisionRequest,
    decidedBy: string,
  ): Promise<CounterDecision[]> {
    const { devices, records, queries, accept, onChanged } = this.#options;
    const device = devices.require(device_id);
    const instant = parseInstant(at);
    const { group, quantity } = splitMetric(metric);
    const rawFrom = queries.rawFrom(group);
    if (instant < rawFrom)
      throw new Conflict(
        `raw samples of ${group} before ${formatInstant(rawFrom)} are deleted: their amounts cannot be changed`,
      );
    const isKnown = device.counterDecisions.some((known) => known.metric === metric && known.at === instant);
    const window = { start: instant, end: instant + 1 };
    if (!isKnown) {
      const { events } = await queries.counter({ deviceId: device.id, group, quantity, window });
      if (!events.some(({ start }) => start === instant))
        throw new NotFound(`no event of ${metric} of ${device.name} starts at ${formatInstant(instant)}`);
    }
    const decision = counts === null ? null : { counts, decidedBy };
    const decided = await records.devices.decideCounter(device.id, { metric, at: instant }, decision);
    const [frame] = await queries.frames({ deviceIds: [device.id], group, quantities: [quantity], window });
    if (frame !== undefined) {
      const { timestamps, values } = seriesOf(frame, quantity);
      const rows = new Int32Array(timestamps.length);
      await accept([
        { group, quantities: [quantity], devices: [device.id], device: rows, timestamps, columns: [values] },
      ]);
    }
    await onChanged(device.siteId, window);
    return toDecisions(decided);
  }
}

function toDecisions({ id, name, counterDecisions }: DeviceRecord): CounterDecision[] {
  return counterDecisions.map(({ metric, at, counts, decidedBy, decidedAt }) => ({
    device_id: id,
    device_name: name,
    metric,
    at: formatInstant(at),
    counts,
    decided_by: decidedBy,
    decided_at: formatInstant(decidedAt),
  }));
}
