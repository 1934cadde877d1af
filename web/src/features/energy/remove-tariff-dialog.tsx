import { useQueryClient } from '@tanstack/react-query';
import type { Tariff } from '@wattkeeper/contract/tariff.ts';
import { useText } from '../../app-context.tsx';
import { RemoveDialog } from '../../ui/feedback/remove-dialog.tsx';
import { refreshMoney } from './refresh-money.ts';

/** Asks before a tariff is deleted. */
export function RemoveTariffDialog({ tariff, onClose }: { readonly tariff: Tariff; readonly onClose: () => void }) {
  const text = useText();
  const cache = useQueryClient();
  return (
    <RemoveDialog
      title={text('tariff.remove', { name: tariff.name })}
      note={text('tariff.remove_note')}
      path={`/tariffs/${tariff.id}`}
      onRemoved={async () => {
        await refreshMoney(cache);
        await cache.invalidateQueries({ queryKey: ['tariffs'] });
      }}
      onClose={onClose}
    />
  );
}
