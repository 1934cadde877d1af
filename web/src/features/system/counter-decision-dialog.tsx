import { useMutation, useQueryClient } from '@tanstack/react-query';
import { decideCounter } from '@wattkeeper/contract/endpoints/quality.ts';
import type { CounterEvent } from '@wattkeeper/contract/storage/quality.ts';
import { useState } from 'react';
import { useFormat, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { TextField } from '../../ui/controls/field.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import styles from './system.module.css';

export interface DoubtfulEvent {
  readonly deviceId: string;
  readonly deviceName: string;
  readonly metric: string;
  readonly event: CounterEvent;
}

/** Decides how a doubtful event of a counter is counted. */
export function CounterDecisionDialog({ of, onClose }: { readonly of: DoubtfulEvent; readonly onClose: () => void }) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const cache = useQueryClient();
  const { deviceId, deviceName, metric, event } = of;
  const [amount, setAmount] = useState(String(event.counted));
  const decide = useMutation({
    mutationFn: (counts: number | null) =>
      api.call(decideCounter, {
        body: {
          device_id: deviceId,
          metric,
          at: event.time_period.start,
          counts,
        },
      }),
    onSuccess: async () => {
      await cache.invalidateQueries();
      onClose();
    },
  });
  const counts = amount.trim() === '' ? Number.NaN : Number(amount.replace(',', '.'));
  return (
    <Modal
      open
      onClose={onClose}
      title={text('system.decide_title')}
      description={text('system.decide_note', {
        device: deviceName,
        metric,
        time: format.dateTime(Date.parse(event.time_period.start)),
        before: format.number(event.before, decimalsOf(event.before)),
        after: format.number(event.after, decimalsOf(event.after)),
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
      <Amount event={event} amount={amount} onChange={setAmount} />
      {decide.isError ? <ErrorNote error={decide.error} /> : null}
    </Modal>
  );
}

interface AmountProps {
  readonly event: CounterEvent;
  readonly amount: string;
  readonly onChange: (amount: string) => void;
}

function Amount({ event, amount, onChange }: AmountProps) {
  const text = useText();
  const format = useFormat();
  const doubt = format.number(event.in_doubt, decimalsOf(event.in_doubt));
  return (
    <div className={styles.form}>
      <TextField
        label={text('system.decide_counts')}
        inputMode="decimal"
        value={amount}
        onChange={(change) => onChange(change.target.value)}
      />
      <Button onClick={() => onChange('0')}>{text('system.decide_nothing')}</Button>
      <Button onClick={() => onChange(String(event.in_doubt))}>{text('system.decide_all', { amount: doubt })}</Button>
    </div>
  );
}

/** Decimal places of a counter's value, at most three. */
function decimalsOf(value: number): number {
  return String(Number(value.toFixed(3))).split('.')[1]?.length ?? 0;
}
