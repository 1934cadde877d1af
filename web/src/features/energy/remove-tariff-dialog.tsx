import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Tariff } from '@wattkeeper/contract/tariff.ts';
import { useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/button.tsx';
import { Modal } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/notice.tsx';
import { refreshMoney } from './refresh-money.ts';

/** Asks before a tariff is deleted. */
export function RemoveTariffDialog({ tariff, onClose }: { readonly tariff: Tariff; readonly onClose: () => void }) {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.delete(`/tariffs/${tariff.id}`),
    onSuccess: async () => {
      await refreshMoney(cache);
      await cache.invalidateQueries({ queryKey: ['tariffs'] });
      onClose();
    },
  });
  return (
    <Modal
      open
      onClose={onClose}
      title={text('tariff.remove', { name: tariff.name })}
      description={text('tariff.remove_note')}
      footer={
        <>
          <Button onClick={onClose}>{text('action.cancel')}</Button>
          <Button kind="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {text('action.delete')}
          </Button>
        </>
      }
    >
      {remove.isError ? <ErrorNote error={remove.error} /> : null}
    </Modal>
  );
}
