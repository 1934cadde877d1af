import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { CounterEvent } from '@wattkeeper/contract/quality.ts';
import { useState } from 'react';
import { useFormat, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/button.tsx';
import { Modal } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { ErrorNote } from '../../ui/notice.tsx';
import styles from './system.module.css';

export interface DoubtfulEvent {
  readonly deviceId: string;
  readonly deviceName: string;
  readonly metric: string;
  readonly event: CounterEvent;
}

/** Decides what an event of a counter counts for. */
export function CounterDecisionDialog({ of, onClose }: { readonly of: DoubtfulEvent; readonly onClose: () => void }) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const cache = useQueryClient();
  const { deviceId, deviceName, metric, event } = of;
  const [amount, setAmount] = useState(String(event.counted));
  const decide = useMutation({
    mutationFn: (counts: number | null) =>
      api.put('/storage/quality/counter-decisions', {
        device_id: deviceId,
        metric,
        at: event.time_period.start,
        counts,
      }),
    onSuccess: async () => {
      await cache.invalidateQueries();
      onClose();
    },
  });
  const counts = amount.trim() === '' ? Number.NaN : Number(amount.replace(',', '.'));
  const quick = [...new Set([0, event.in_doubt])];
  return (
    <Modal
      open
      onClose={onClose}
      title={text('system.decide_title')}
      description={text('system.decide_note', {
        device: deviceName,
        metric,
        time: format.dateTime(Date.parse(event.time_period.start)),
        before: format.number(event.before, 3),
        after: format.number(event.after, 3),
      })}
      footer={
        <>
          {event.decided ? (
            <Button disabled={decide.isPending} onClick={() => decide.mutate(null)}>
              {text('system.decide_undo')}
            </Button>
          ) : null}
          <Button onClick={onClose}>{text('action.cancel')}</Button>
          <Button
            kind="primary"
            disabled={!Number.isFinite(counts) || decide.isPending}
            onClick={() => decide.mutate(counts)}
          >
            {text('system.decide')}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <TextField
          label={text('system.decide_counts')}
          inputMode="decimal"
          value={amount}
          onChange={(change) => setAmount(change.target.value)}
        />
        {quick.map((value) => (
          <Button key={value} onClick={() => setAmount(String(value))}>
            {value === 0
              ? text('system.decide_nothing')
              : text('system.decide_all', { amount: format.number(value, 3) })}
          </Button>
        ))}
      </div>
      {decide.isError ? <ErrorNote error={decide.error} /> : null}
    </Modal>
  );
}
