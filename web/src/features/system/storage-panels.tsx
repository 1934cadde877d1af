import { useQuery } from '@tanstack/react-query';
import type { DiskMetrics, StoreMetrics } from '@wattkeeper/contract/service.ts';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Stat, Stats } from '../../ui/layout/figure.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Sparkline } from '../../ui/layout/sparkline.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './system.module.css';

type Times = StoreMetrics['write_ms'];

/** Every store with size, lag and time range. */
export function StoresPanel() {
  const text = useText();
  const format = useFormat();
  const times = useTimes();
  const head = [
    text('system.store'),
    text('system.state'),
    ...(['size', 'compression', 'rows', 'lag', 'write', 'read', 'latency'] as const).map((key) => ({
      label: text(`system.${key}`),
      numeric: true,
    })),
  ];
  return (
    <Panel title={text('system.stores')}>
      <QueryView query={useQuery(useQueries().storage())} height="7rem">
        {({ stores, disk }) => (
          <>
            <Table caption={text('system.stores')} head={head}>
              {stores.map((store) => (
                <tr key={store.name}>
                  <th scope="row">
                    {store.name}
                    {store.primary ? <span className={styles.quiet}> {text('system.primary')}</span> : null}
                  </th>
                  <td>
                    {text(store.status === 'ok' && store.lag_batches > 0 ? 'system.behind' : `system.${store.status}`)}
                  </td>
                  <td data-numeric>{joined(format.bytes(store.size_bytes))}</td>
                  <td data-numeric>
                    {store.compression_ratio === null ? '–' : `${format.number(store.compression_ratio, 1)} : 1`}
                  </td>
                  <td data-numeric>{store.rows === null ? '–' : format.number(store.rows)}</td>
                  <td data-numeric>{format.number(store.lag_batches)}</td>
                  <td data-numeric>{times(store.write_ms)}</td>
                  <td data-numeric>{times(store.read_ms)}</td>
                  <td data-numeric>{store.latency_ms === null ? '–' : `${format.number(store.latency_ms, 1)} ms`}</td>
                </tr>
              ))}
            </Table>
            {disk ? <DiskLine disk={disk} /> : null}
          </>
        )}
      </QueryView>
    </Panel>
  );
}

function DiskLine({ disk }: { readonly disk: DiskMetrics }) {
  const text = useText();
  const format = useFormat();
  const { free_bytes, total_bytes, full_in_days } = disk;
  const values = { free: joined(format.bytes(free_bytes)), total: joined(format.bytes(total_bytes)) };
  return (
    <p className={styles.quiet}>
      {text('system.disk', values)}{' '}
      {full_in_days === null || full_in_days > 3650
        ? null
        : text('system.disk_full', { count: Math.round(full_in_days) })}
    </p>
  );
}

/** Incoming and pending readings. */
export function IngestPanel() {
  const text = useText();
  const format = useFormat();
  const times = useTimes();
  return (
    <Panel title={text('system.ingest')}>
      <QueryView query={useQuery(useQueries().storage())} height="9rem">
        {({ ingest, journal, memory }) => (
          <>
            <Stats>
              <Stat
                label={text('system.rate')}
                quantity={format.number(ingest.values_per_s, ingest.values_per_s < 10 ? 1 : 0)}
              />
              <Stat label={text('system.accepted')} quantity={format.number(ingest.accepted)} />
              <Stat label={text('system.rejected')} quantity={format.number(ingest.rejected)} />
              <Stat label={text('system.quarantined')} quantity={format.number(ingest.quarantined)} />
              <Stat label={text('system.journal')} quantity={format.bytes(journal.bytes)} />
              <Stat label={text('system.commit')} quantity={times(journal.commit_ms)} />
              <Stat label={text('system.memory')} quantity={format.bytes(memory.resident_bytes)} />
            </Stats>
            <div className={styles.course}>
              <Sparkline values={ingest.per_minute} label={text('system.rate_chart')} />
            </div>
          </>
        )}
      </QueryView>
    </Panel>
  );
}

/** Sources that fetch readings automatically. */
export function SourcesPanel() {
  const text = useText();
  const format = useFormat();
  const head = [
    text('system.source'),
    text('system.state'),
    text('system.last_reading'),
    { label: text('system.values'), numeric: true },
  ];
  return (
    <Panel title={text('system.sources')}>
      <QueryView query={useQuery(useQueries().sources())} height="5rem">
        {(sources) =>
          sources.length === 0 ? (
            <p className={styles.quiet}>{text('system.no_sources')}</p>
          ) : (
            <Table caption={text('system.sources')} head={head}>
              {sources.map((source) => (
                <tr key={source.name}>
                  <th scope="row">{source.name}</th>
                  <td>{source.last_error ?? text(`source.${source.status}`)}</td>
                  <td>
                    {source.last_reading_at
                      ? format.dateTime(Date.parse(source.last_reading_at))
                      : text('system.never')}
                  </td>
                  <td data-numeric>{format.number(source.values)}</td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryView>
    </Panel>
  );
}

function useTimes(): (times: Times) => string {
  const format = useFormat();
  return (times) => (times ? `${format.number(times.p50, 1)} / ${format.number(times.p99, 1)} ms` : '–');
}

function joined({ value, unit }: { value: string; unit: string }): string {
  return unit ? `${value} ${unit}` : value;
}
