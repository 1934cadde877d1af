import { useQueryClient } from '@tanstack/react-query';
import { removeTariff } from '@wattkeeper/contract/endpoints/tariffs.ts';
import type { Tariff } from '@wattkeeper/contract/tariff.ts';
import { useServices, useText } from '../../app-context.tsx';
import { RemoveDialog } from '../../ui/feedback/remove-dialog.tsx';
import { refreshMoney } from './refresh-money.ts';

/** Asks for confirmation before a tariff is deleted. */
export function RemoveTariffDialog({ tariff, onClose }: { readonly tariff: Tariff; readonly onClose: () => void }) {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  return (
    <RemoveDialog
      title={text('tariff.remove', { name: tariff.name })}
      note={text('tariff.remove_note')}
      remove={() => api.call(removeTariff, { params: { id: tariff.id } })}
      onRemoved={async () => {
        await refreshMoney(cache);
        await cache.invalidateQueries({ queryKey: ['tariffs'] });
      }}
      onClose={onClose}
    />
  );
}
