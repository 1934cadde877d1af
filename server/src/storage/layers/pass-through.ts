import type { TelemetryStore } from '../backend.ts';

/** A store that passes every call to another one, with some methods replaced. */
export function passThrough(store: TelemetryStore, replaced: Partial<TelemetryStore>): TelemetryStore {
  return {
    type: store.type,
    get capabilities() {
      return store.capabilities;
    },
    write: (batches) => store.write(batches),
    erase: (blocks) => store.erase(blocks),
    read: (request) => store.read(request),
    aggregate: (request) => store.aggregate(request),
    latest: (since) => store.latest(since),
    series: () => store.series(),
    deleteBefore: (instant, group) => store.deleteBefore(instant, group),
    deleteDevices: (deviceIds) => store.deleteDevices(deviceIds),
    compact: (before, signal) => store.compact(before, signal),
    stats: () => store.stats(),
    close: () => store.close(),
    ...replaced,
  };
}
