import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { CustomKpi } from '@wattkeeper/contract/custom-kpi.ts';
import { useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/button.tsx';
import { Modal } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/notice.tsx';

/** Asks before a key figure is deleted. */
export function RemoveKpiDialog({ kpi, onClose }: { readonly kpi: CustomKpi; readonly onClose: () => void }) {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.delete(`/kpi/custom/${kpi.id}`),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ['custom-kpis'] });
      onClose();
    },
  });
  return (
    <Modal
      open
      onClose={onClose}
      title={text('kpi.remove', { name: kpi.name })}
      description={text('kpi.remove_note')}
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
