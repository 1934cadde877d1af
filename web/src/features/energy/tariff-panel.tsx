import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { changeSite } from '@wattkeeper/contract/endpoints/sites.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import type { Tariff } from '@wattkeeper/contract/tariff.ts';
import { Check, Pencil, Plus, Trash2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { loadPart } from '../../load-part.ts';
import type { Text } from '../../messages/lookup.ts';
import { Button, IconButton } from '../../ui/controls/button.tsx';
import { EmptyNote, ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import type { Formatter } from '../../ui/format.ts';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { ComparePanel } from './compare-panel.tsx';
import { refreshMoney } from './refresh-money.ts';
import { RemoveTariffDialog } from './remove-tariff-dialog.tsx';
import styles from './tariff.module.css';

const TariffDialog = lazy(async () => ({
  default: (await loadPart(() => import('./tariff-dialog.tsx'))).TariffDialog,
}));

interface TariffPanelProps {
  readonly site: Site;
  /** The period over which tariffs are compared. */
  readonly window: Window;
}

/** The tariffs, the active one, and the cost under each. */
export function TariffPanel({ site, window }: TariffPanelProps) {
  const text = useText();
  const tariffs = useQuery(useQueries().tariffs());
  const [editing, setEditing] = useState<Tariff | 'new' | null>(null);
  const [removing, setRemoving] = useState<Tariff | null>(null);
  const use = useSiteTariff(site.id);
  const saved = (tariff: Tariff) => {
    setEditing(null);
    if (site.tariff_id === null) use.mutate(tariff.id);
  };
  return (
    <>
      <Panel
        title={text('tariff.title')}
        note={text('tariff.note', { site: site.name })}
        actions={
          <Button icon={Plus} onClick={() => setEditing('new')}>
            {text('tariff.new')}
          </Button>
        }
      >
        {use.isError ? <ErrorNote error={use.error} /> : null}
        <QueryView query={tariffs} height="8rem">
          {(items) =>
            items.length === 0 ? (
              <EmptyNote title={text('tariff.empty')}>{text('tariff.empty_hint')}</EmptyNote>
            ) : (
              <TariffTable
                tariffs={items}
                inUse={site.tariff_id}
                busy={use.isPending}
                onUse={use.mutate}
                onEdit={setEditing}
                onRemove={setRemoving}
              />
            )
          }
        </QueryView>
      </Panel>
      {tariffs.data && tariffs.data.length > 0 ? (
        <ComparePanel site={site} window={window} tariffs={tariffs.data} />
      ) : null}
      {removing ? <RemoveTariffDialog tariff={removing} onClose={() => setRemoving(null)} /> : null}
      {editing ? (
        <Suspense>
          <TariffDialog
            tariff={editing === 'new' ? undefined : editing}
            onClose={() => setEditing(null)}
            onSaved={saved}
          />
        </Suspense>
      ) : null}
    </>
  );
}

function useSiteTariff(siteId: string) {
  const { api } = useServices();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (tariffId: string) => api.call(changeSite, { params: { id: siteId }, body: { tariff_id: tariffId } }),
    onSuccess: () => refreshMoney(cache),
  });
}

interface TariffTableProps {
  readonly tariffs: readonly Tariff[];
  readonly inUse: string | null;
  readonly busy: boolean;
  readonly onUse: (id: string) => void;
  readonly onEdit: (tariff: Tariff) => void;
  readonly onRemove: (tariff: Tariff) => void;
}

function TariffTable({ tariffs, inUse, busy, onUse, onEdit, onRemove }: TariffTableProps) {
  const text = useText();
  const format = useFormat();
  const head = [
    text('tariff.name'),
    { label: text('tariff.choice') },
    text('tariff.import'),
    text('tariff.export'),
    { label: text('tariff.fixed_per_day'), numeric: true },
  ];
  return (
    <Table caption={text('tariff.title')} head={head}>
      {tariffs.map((tariff) => (
        <tr key={tariff.id}>
          <th scope="row" className={styles.name}>
            {tariff.name}
          </th>
          <td>
            <span className={styles.choice}>
              {tariff.id === inUse ? (
                <span className={styles.inUse}>
                  <Check size={16} aria-hidden="true" />
                  {text('tariff.in_use')}
                </span>
              ) : (
                <Button disabled={busy} onClick={() => onUse(tariff.id)}>
                  {text('tariff.use')}
                  <span className="visually-hidden"> {tariff.name}</span>
                </Button>
              )}
              <IconButton
                icon={Pencil}
                label={text('tariff.edit_title', { name: tariff.name })}
                onClick={() => onEdit(tariff)}
              />
              {tariff.id === inUse ? null : (
                <IconButton
                  icon={Trash2}
                  label={text('tariff.remove', { name: tariff.name })}
                  onClick={() => onRemove(tariff)}
                />
              )}
            </span>
          </td>
          <td>{importText(tariff, text, format)}</td>
          <td>{exportText(tariff, text, format)}</td>
          <td data-numeric>{format.money(tariff.fixed_per_day)}</td>
        </tr>
      ))}
    </Table>
  );
}

function importText({ import_price: price }: Tariff, text: Text, format: Formatter): string {
  const kind = text(`tariff.${price.type}`);
  if (price.type === 'flat') return `${kind}: ${format.price(price.price_per_kwh)}`;
  if (price.type === 'dynamic') return kind;
  const list = price.type === 'tiered' ? price.tiers : [...price.bands, price.otherwise];
  const prices = list.map(({ price_per_kwh }) => price_per_kwh);
  return `${kind}: ${format.price(Math.min(...prices))} – ${format.price(Math.max(...prices))}`;
}

function exportText({ export_price: price }: Tariff, text: Text, format: Formatter): string {
  if (price.type === 'flat') return format.price(price.price_per_kwh);
  return text(`tariff.${price.type}`);
}
