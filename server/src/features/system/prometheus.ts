import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { StorageMonitor } from './storage-monitor.ts';

/** The service's figures in Prometheus' text format; values are read at each request. */
export function prometheusRegistry(monitor: StorageMonitor, liveClients: () => number): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'wattkeeper_' });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `wattkeeper_${name}`, help, labelNames, registers: [registry] });
  const accepted = new Gauge({
    name: 'wattkeeper_ingest_values_accepted_total',
    help: 'Values accepted since start',
    registers: [registry],
    collect: () => setAll(),
  });
  const rejected = gauge('ingest_values_rejected_total', 'Values rejected since start');
  const quarantined = gauge('ingest_values_quarantined_total', 'Implausible values quarantined since start');
  const journalBatches = gauge('journal_batches', 'Batches that at least one store has not written yet');
  const journalBytes = gauge('journal_bytes', 'Bytes that at least one store has not written yet');
  const commit = gauge('journal_commit_milliseconds', 'Time of a commit', ['quantile']);
  const storeBytes = gauge('store_size_bytes', 'Size of a store', ['store']);
  const storeRatio = gauge('store_compression_ratio', 'Values at 16 bytes each divided by the size of a store', [
    'store',
  ]);
  const storeRows = gauge('store_rows', 'Rows of a store', ['store']);
  const storeLag = gauge('store_lag_batches', 'Batches that a store has not written yet', ['store']);
  const storeSetAside = gauge('store_set_aside_values', 'Values that a store can never accept, set aside', ['store']);
  const storeSetAsideBytes = gauge('store_set_aside_bytes', 'Bytes of the values that are set aside', ['store']);
  const storeWrite = gauge('store_write_milliseconds', 'Time of a write', ['store', 'quantile']);
  const storeRead = gauge('store_read_milliseconds', 'Time of a read', ['store', 'quantile']);
  const diskFree = gauge('disk_free_bytes', 'Free space of the disk with the data folder');
  const diskUsed = gauge('disk_used_bytes', 'Size of the data folder');
  const diskFull = gauge(
    'disk_full_in_days',
    'Days until the disk is full at the current rate; NaN if it does not fill',
  );
  const clients = gauge('live_clients', 'Clients of the live stream');
  gauge('up', 'Always 1').set(1);

  const setQuantiles = (target: Gauge, labels: Record<string, string>, summary: Record<string, number> | null) => {
    for (const [quantile, value] of Object.entries(summary ?? {})) {
      target.set({ ...labels, quantile: `0.${quantile.slice(1)}` }, value);
    }
  };
  const setAll = async () => {
    const metrics = await monitor.metrics();
    accepted.set(metrics.ingest.accepted);
    rejected.set(metrics.ingest.rejected);
    quarantined.set(metrics.ingest.quarantined);
    journalBatches.set(metrics.journal.batches);
    journalBytes.set(metrics.journal.bytes);
    setQuantiles(commit, {}, metrics.journal.commit_ms);
    clients.set(liveClients());
    if (metrics.disk) {
      diskFree.set(metrics.disk.free_bytes);
      diskUsed.set(metrics.disk.used_bytes);
      diskFull.set(metrics.disk.full_in_days ?? Number.NaN);
    }
    for (const store of metrics.stores) {
      const labels = { store: store.name };
      storeBytes.set(labels, store.size_bytes ?? Number.NaN);
      storeRatio.set(labels, store.compression_ratio ?? Number.NaN);
      storeRows.set(labels, store.rows ?? Number.NaN);
      storeLag.set(labels, store.lag_batches);
      storeSetAside.set(labels, store.set_aside?.values ?? 0);
      storeSetAsideBytes.set(labels, store.set_aside?.bytes ?? 0);
      setQuantiles(storeWrite, labels, store.write_ms);
      setQuantiles(storeRead, labels, store.read_ms);
    }
  };
  return registry;
}
