import { useQueryClient } from '@tanstack/react-query';
import type { CustomKpi } from '@wattkeeper/contract/analytics/custom-kpi.ts';
import { removeCustomKpi } from '@wattkeeper/contract/endpoints/kpi.ts';
import { useServices, useText } from '../../app-context.tsx';
import { RemoveDialog } from '../../ui/feedback/remove-dialog.tsx';

/** Asks for confirmation before a key figure is deleted. */
export function RemoveKpiDialog({ kpi, onClose }: { readonly kpi: CustomKpi; readonly onClose: () => void }) {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  return (
    <RemoveDialog
      title={text('kpi.remove', { name: kpi.name })}
      note={text('kpi.remove_note')}
      remove={() => api.call(removeCustomKpi, { params: { id: kpi.id } })}
      onRemoved={() => cache.invalidateQueries({ queryKey: ['custom-kpis'] })}
      onClose={onClose}
    />
  );
}
