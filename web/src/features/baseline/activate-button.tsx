import { useMutation } from '@tanstack/react-query';
import type { BaselineModel } from '@wattkeeper/contract/analytics/baseline.ts';
import { activateBaseline } from '@wattkeeper/contract/endpoints/baseline.ts';
import { useState } from 'react';
import { useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { useBaselineRefresh } from './use-baseline-refresh.ts';

/** Activates a version; asks for confirmation when a driver may be derived from the energy. */
export function ActivateButton({ model }: { readonly model: BaselineModel }) {
  const text = useText();
  const { api } = useServices();
  const [isAsking, setAsking] = useState(false);
  const isSuspicious = model.suspicious_drivers.length > 0;
  const activate = useMutation({
    mutationFn: () =>
      api.call(activateBaseline, { params: { id: model.model_id }, query: { confirm_suspicious: isSuspicious } }),
    onSuccess: useBaselineRefresh(model.machine_id),
  });
  const name = text('baseline.activate');
  const act = () => (isSuspicious ? setAsking(true) : activate.mutate());
  return (
    <>
      <Button disabled={activate.isPending} onClick={act}>
        {name}
      </Button>
      {activate.isError ? <ErrorNote error={activate.error} /> : null}
      <Modal
        open={isAsking}
        onClose={() => setAsking(false)}
        title={text('baseline.suspicious')}
        description={text('baseline.suspicious_note')}
        footer={
          <>
            <Button onClick={() => setAsking(false)}>{text('action.cancel')}</Button>
            <Button
              kind="danger"
              disabled={activate.isPending}
              onClick={() => activate.mutate(undefined, { onSettled: () => setAsking(false) })}
            >
              {name}
            </Button>
          </>
        }
      >
        <ul>
          {model.suspicious_drivers.map(({ name: driver, reason }) => (
            <li key={driver}>{reason}</li>
          ))}
        </ul>
      </Modal>
    </>
  );
}
