import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { acceptGap, backfillStore } from '@wattkeeper/contract/endpoints/storage.ts';
import type { StoreGapHealth } from '@wattkeeper/contract/service.ts';
import { useState } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { ErrorNote, WarningLine } from '../../ui/feedback/notice.tsx';
import { RemoveDialog } from '../../ui/feedback/remove-dialog.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import styles from './system.module.css';

/** Incomplete stores, to backfill from another store or to accept; hidden if there are none. */
export function StoreGapsPanel() {
  const text = useText();
  const queries = useQueries();
  const { data: health } = useQuery(queries.health());
  const isAdmin = useQuery(queries.me()).data?.scopes.includes('admin') ?? false;
  const lacking = (health?.stores ?? []).flatMap(({ name, gap }) => (gap ? [{ name, gap }] : []));
  if (lacking.length === 0) return null;
  return (
    <Panel title={text('system.gaps')} note={text('system.gaps_note')}>
      {lacking.map(({ name, gap }) => (
        <StoreGap key={name} store={name} gap={gap} isAdmin={isAdmin} />
      ))}
    </Panel>
  );
}

interface StoreGapProps {
  readonly store: string;
  readonly gap: StoreGapHealth;
  readonly isAdmin: boolean;
}

function StoreGap({ store, gap, isAdmin }: StoreGapProps) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const cache = useQueryClient();
  const [accepts, setAccepts] = useState(false);
  const refresh = () => Promise.all([['health'], ['jobs']].map((queryKey) => cache.invalidateQueries({ queryKey })));
  const from = gap.fill_from;
  const fill = useMutation({
    mutationFn: () => api.call(backfillStore, { body: { from: from!, to: store } }),
    onSuccess: refresh,
  });
  const time = format.dateTime(Date.parse(gap.before));
  return (
    <>
      <WarningLine>{text(`system.gap_${gap.reason}`, { store, time })}</WarningLine>
      {from === null ? <p className={styles.quiet}>{text('system.gap_nowhere')}</p> : null}
      {isAdmin ? (
        <div className={styles.actions}>
          {from === null ? null : (
            <Button disabled={fill.isPending} onClick={() => fill.mutate()}>
              {text('system.gap_fill', { from })}
            </Button>
          )}
          <Button kind="danger" onClick={() => setAccepts(true)}>
            {text('system.gap_accept')}
          </Button>
        </div>
      ) : null}
      {fill.isError ? <ErrorNote error={fill.error} /> : null}
      {accepts ? (
        <RemoveDialog
          title={text('system.gap_accept_title', { store })}
          note={text('system.gap_accept_note', { store })}
          action={text('system.gap_accept')}
          remove={() => api.call(acceptGap, { params: { store } })}
          onRemoved={refresh}
          onClose={() => setAccepts(false)}
        />
      ) : null}
    </>
  );
}
