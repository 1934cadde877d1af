import { emptyBuckets } from '../../domain/columns/aggregate.ts';
import { type Batch, withoutRemoved } from '../../domain/columns/batch.ts';
import type { DeviceBuckets, TelemetryStore } from '../backend.ts';
import { passThrough } from './pass-through.ts';

/**
 * A store that neither accepts nor returns data of removed devices: the journal, another store, or the archive may still have their
 * readings, and so may the store until they are deleted.
 */
export function hidingRemoved(store: TelemetryStore, removed: ReadonlySet<string>): TelemetryStore {
  const isSeen = ({ deviceId }: { deviceId: string }) => !removed.has(deviceId);
  const seen = (deviceIds: readonly string[]) => deviceIds.filter((deviceId) => !removed.has(deviceId));
  const kept = (batch: Batch): Batch => ({ ...batch, blocks: withoutRemoved(batch.blocks, removed) });
  return passThrough(store, {
    write: (batches) => store.write(batches.map(kept)),
    erase: (blocks) => store.erase(withoutRemoved(blocks, removed)),
    read: (request) => store.read({ ...request, deviceIds: seen(request.deviceIds) }),
    aggregate: async (request) => {
      const deviceIds = seen(request.deviceIds);
      if (deviceIds.length === request.deviceIds.length) return store.aggregate(request);
      const rules = request.rules.filter((_, i) => !removed.has(request.deviceIds[i]!));
      const found = await store.aggregate({ ...request, deviceIds, rules });
      const byDevice = new Map(found.map((answer) => [answer.deviceId, answer]));
      const nothing = request.quantities.map(() => emptyBuckets(Math.max(request.edges.length - 1, 0)));
      return request.deviceIds.map(
        (deviceId): DeviceBuckets => byDevice.get(deviceId) ?? { deviceId, buckets: nothing },
      );
    },
    latest: async (since) => (await store.latest(since)).filter(isSeen),
    series: async () => (await store.series()).filter(isSeen),
  });
}
