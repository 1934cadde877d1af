import type { Logger } from 'pino';
import type { Ingest } from '../ingest/ingest.ts';
import type { RecordStore } from '../storage/records/record-store.ts';

/** Ids of removed devices, whose readings are neither shown nor stored. Further ids are added at the moment of removal. */
export async function removedDevices(records: RecordStore): Promise<Set<string>> {
  const removed = new Set<string>();
  records.devices.onChange(({ type, device }) => {
    if (type === 'removed') removed.add(device.id);
  });
  for (const { deviceId } of await records.removedDevices.list()) removed.add(deviceId);
  return removed;
}

/** Deletes the readings of removed devices from memory. */
export function forgetRemoved(records: RecordStore, ingest: Ingest, log: Logger): void {
  records.devices.onChange(({ type, device }) => {
    if (type !== 'removed') return;
    ingest
      .forgetDevice(device.id)
      .catch((error: unknown) => log.error({ err: error }, `readings of ${device.name} stay in memory`));
  });
}
