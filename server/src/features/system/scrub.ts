import { Corrupt, messageOf } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { JobDefinition } from '../../jobs/job.ts';
import type { TelemetryStore } from '../../storage/backend.ts';
import type { MeteredStore } from '../../storage/layers/metered-store.ts';

/** Reads what is stored, so that a changed byte is found while another copy exists. Stores compare what they read with its checksums. */
export function scrubJob(stores: readonly MeteredStore[]): JobDefinition {
  return {
    name: 'scrub',
    scope: 'write',
    title: 'Scrub',
    description:
      'Reads all stored readings and compares them with their checksums, so that damage is found while another copy exists.',
    schedule: '40 2 * * *',
    run: async ({ signal, progress }) => {
      const rows = new Map<string, number>();
      const failures: string[] = [];
      for (const one of stores) {
        if (one.trouble() !== null) continue;
        progress(null, one.name);
        try {
          rows.set(one.name, await readAll(one.store, signal));
        } catch (error) {
          if (signal.aborted) throw error;
          failures.push(`store ${one.name}: ${messageOf(error)}`);
        }
      }
      if (failures.length > 0) throw new Corrupt(failures.join('\n'));
      return { rows: Object.fromEntries(rows) };
    },
  };
}

/** Reads every sample; returns how many rows there were. */
async function readAll(store: TelemetryStore, signal: AbortSignal): Promise<number> {
  const byGroup = Map.groupBy(await store.series(), ({ deviceId, metric }) =>
    JSON.stringify([deviceId, splitMetric(metric).group]),
  );
  let rows = 0;
  for (const series of byGroup.values()) {
    const { deviceId, metric } = series[0]!;
    const frames = store.read({
      deviceIds: [deviceId],
      group: splitMetric(metric).group,
      quantities: series.map((one) => splitMetric(one.metric).quantity),
      window: {
        start: Math.min(...series.map(({ first }) => first)),
        end: Math.max(...series.map(({ last }) => last)) + 1,
      },
    });
    for await (const { timestamps } of frames) {
      signal.throwIfAborted();
      rows += timestamps.length;
    }
  }
  return rows;
}
