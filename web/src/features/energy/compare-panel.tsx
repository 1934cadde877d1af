import { useQuery } from '@tanstack/react-query';
import type { Site } from '@wattkeeper/contract/site.ts';
import type { Tariff, TariffComparison } from '@wattkeeper/contract/tariff.ts';
import { useState } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { CheckField } from '../../ui/controls/field.tsx';
import { WarningLine } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './tariff.module.css';

/** The API's maximum per comparison. */
const MAX_TARIFFS = 20;

interface ComparePanelProps {
  readonly site: Site;
  readonly window: Window;
  readonly tariffs: readonly Tariff[];
}

/** The cost of the period's energy under each selected tariff. */
export function ComparePanel({ site, window, tariffs }: ComparePanelProps) {
  const text = useText();
  const [left, setLeft] = useState<readonly string[]>([]);
  const chosen = tariffs
    .map(({ id }) => id)
    .filter((id) => !left.includes(id))
    .slice(0, MAX_TARIFFS);
  const query = useQueries().compareTariffs(site.id, window, chosen);
  const comparison = useQuery({ ...query, enabled: chosen.length > 0 });
  return (
    <Panel title={text('tariff.compare')} note={text('tariff.compare_note')}>
      <fieldset className={styles.days}>
        <legend className="visually-hidden">{text('tariff.compare_which')}</legend>
        {tariffs.map(({ id, name }) => (
          <CheckField
            key={id}
            label={name}
            checked={chosen.includes(id)}
            onChange={(event) => setLeft(event.target.checked ? left.filter((one) => one !== id) : [...left, id])}
          />
        ))}
      </fieldset>
      {chosen.length === 0 ? (
        <p className={styles.hint}>{text('tariff.compare_none')}</p>
      ) : (
        <QueryView query={comparison} height="6rem">
          {(answer) => <ComparisonTable answer={answer} inUse={site.tariff_id} />}
        </QueryView>
      )}
    </Panel>
  );
}

function ComparisonTable({ answer, inUse }: { readonly answer: TariffComparison; readonly inUse: string | null }) {
  const text = useText();
  const format = useFormat();
  const items = [...answer.items].sort((a, b) => a.total - b.total);
  const now = items.find((item) => item.tariff_id === inUse);
  const keys = [
    'money.cost',
    'money.revenue',
    'money.fixed',
    'money.demand',
    'money.net',
    'tariff.difference',
  ] as const;
  const head = [text('tariff.name'), ...keys.map((key) => ({ label: text(key), numeric: true }))];
  return (
    <>
      <Table caption={text('tariff.compare')} head={head}>
        {items.map((item) => (
          <tr key={item.tariff_id}>
            <th scope="row" className={styles.name}>
              {item.name}
              {item.tariff_id === inUse ? <span className={styles.quiet}> · {text('tariff.in_use')}</span> : null}
            </th>
            <td data-numeric>{format.money(item.cost)}</td>
            <td data-numeric>{format.money(item.revenue)}</td>
            <td data-numeric>{format.money(item.fixed_cost)}</td>
            <td data-numeric>{format.money(item.demand_cost)}</td>
            <td data-numeric>
              <strong>{format.money(item.total)}</strong>
            </td>
            <td data-numeric>{now && item !== now ? format.money(item.total - now.total) : '–'}</td>
          </tr>
        ))}
      </Table>
      {answer.warnings.map((warning) => (
        <WarningLine key={warning}>{warning}</WarningLine>
      ))}
    </>
  );
}
