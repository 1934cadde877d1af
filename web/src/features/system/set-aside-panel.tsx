import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { discardSetAside, retrySetAside } from '@wattkeeper/contract/endpoints/storage.ts';
import type { SetAsideEntry } from '@wattkeeper/contract/storage/set-aside.ts';
import { useState } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { RemoveDialog } from '../../ui/feedback/remove-dialog.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './system.module.css';

/** Set-aside values, to retry or discard; hidden if there are none. */
export function SetAsidePanel() {
  const text = useText();
  const queries = useQueries();
  const { data: entries = [] } = useQuery(queries.setAside());
  const isAdmin = useQuery(queries.me()).data?.scopes.includes('admin') ?? false;
  if (entries.length === 0) return null;
  const stores = [...new Set(entries.map(({ store }) => store))];
  return (
    <Panel title={text('system.set_aside')} note={text('system.set_aside_note')}>
      <EntryTable entries={entries} />
      {isAdmin ? stores.map((store) => <StoreActions key={store} store={store} />) : null}
    </Panel>
  );
}

function EntryTable({ entries }: { readonly entries: readonly SetAsideEntry[] }) {
  const text = useText();
  const format = useFormat();
  const time = (instant: string) => format.dateTime(Date.parse(instant));
  const head = [
    text('system.store'),
    text('system.metric'),
    { label: text('system.values'), numeric: true },
    text('system.set_aside_start'),
    text('system.set_aside_end'),
    text('system.set_aside_since'),
    text('system.reason'),
  ];
  return (
    <Table caption={text('system.set_aside')} head={head} maxHeight="20rem">
      {entries.map((entry) => (
        <tr key={entry.id}>
          <th scope="row">{entry.store}</th>
          <td>{entry.metrics.join(', ')}</td>
          <td data-numeric>{format.number(entry.values)}</td>
          <td>{time(entry.start)}</td>
          <td>{time(entry.end)}</td>
          <td>{time(entry.since)}</td>
          <td>{entry.reason}</td>
        </tr>
      ))}
    </Table>
  );
}

function StoreActions({ store }: { readonly store: string }) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const cache = useQueryClient();
  const [discards, setDiscards] = useState(false);
  const refresh = () =>
    Promise.all([['set-aside'], ['health']].map((queryKey) => cache.invalidateQueries({ queryKey })));
  const retry = useMutation({ mutationFn: () => api.call(retrySetAside, { params: { store } }), onSuccess: refresh });
  return (
    <>
      <div className={styles.actions}>
        <span className={styles.quiet}>{store}</span>
        <Button disabled={retry.isPending} onClick={() => retry.mutate()}>
          {text('system.set_aside_retry')}
        </Button>
        <Button kind="danger" disabled={retry.isPending} onClick={() => setDiscards(true)}>
          {text('system.set_aside_discard')}
        </Button>
      </div>
      {retry.isSuccess ? (
        <p className={styles.quiet} role="status">
          {text('system.set_aside_retried', {
            count: retry.data.tried,
            taken: format.number(retry.data.taken),
            left: format.number(retry.data.left),
          })}
        </p>
      ) : null}
      {retry.isError ? <ErrorNote error={retry.error} /> : null}
      {discards ? (
        <RemoveDialog
          title={text('system.set_aside_discard_title', { store })}
          note={text('system.set_aside_discard_note', { store })}
          remove={() => api.call(discardSetAside, { params: { store } })}
          onRemoved={refresh}
          onClose={() => setDiscards(false)}
        />
      ) : null}
    </>
  );
}
