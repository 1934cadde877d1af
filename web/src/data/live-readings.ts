import type { Device } from '@wattkeeper/contract/device.ts';
import type { LiveReading } from '@wattkeeper/contract/live.ts';
import type { LatestAnswer } from '@wattkeeper/contract/telemetry.ts';

/** Merges two readings of one device: every metric of both; the later message takes precedence. */
export function mergeReading(before: LiveReading | undefined, after: LiveReading): LiveReading {
  if (!before) return after;
  return {
    device_id: after.device_id,
    timestamp: Math.max(before.timestamp, after.timestamp),
    values: { ...before.values, ...after.values },
  };
}

/** The readings of a snapshot: one reading, a list of readings, or null if the device never reported. */
export function readingsOf(data: unknown): LiveReading[] {
  if (Array.isArray(data)) return data.flatMap(readingsOf);
  if (typeof data !== 'object' || data === null) return [];
  if ('items' in data) return readingsOf(data.items);
  return 'device_id' in data && 'values' in data ? [data as LiveReading] : [];
}

/**
 * Merges live readings into the latest values; returns the same object when none applies. An older value never replaces a newer one. A device
 * of the site that has not reported before is added.
 */
export function withLive(
  latest: LatestAnswer,
  readings: readonly LiveReading[],
  devices: readonly Pick<Device, 'id' | 'name'>[] = [],
): LatestAnswer {
  const byDevice = new Map(readings.map((reading) => [reading.device_id, reading]));
  let changed = false;
  const known = new Set(latest.items.map(({ device_id: id }) => id));
  const added = devices
    .filter(({ id }) => byDevice.has(id) && !known.has(id))
    .map(({ id, name }): LatestAnswer['items'][number] => ({ device_id: id, device_name: name, values: {} }));
  const items = [...latest.items, ...added].map((item) => {
    const reading = byDevice.get(item.device_id);
    if (!reading) return item;
    changed = true;
    const timestamp = new Date(reading.timestamp).toISOString();
    const values = new Map(Object.entries(item.values));
    for (const [metric, value] of Object.entries(reading.values)) {
      const known = values.get(metric);
      if (known && known.timestamp > timestamp) continue;
      values.set(metric, { value, unit: known?.unit ?? '', timestamp });
    }
    return { ...item, values: Object.fromEntries(values) };
  });
  return changed ? { ...latest, items } : latest;
}
