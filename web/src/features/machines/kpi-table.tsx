import { useQueries as useManyQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Device } from '@wattkeeper/contract/device.ts';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import type { Quantity } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { Table } from '../../ui/table.tsx';
import styles from './machines.module.css';

interface KpiTableProps {
  readonly machines: readonly Device[];
  readonly window: Window;
}

/** A row a machine, with the way to its baseline. */
export function KpiTable({ machines, window }: KpiTableProps) {
  const text = useText();
  const format = useFormat();
  const queries = useQueries();
  const kpis = useManyQueries({ queries: machines.map(({ id }) => queries.kpis(id, window)) });
  const models = useManyQueries({ queries: machines.map(({ id }) => queries.baselines(id)) });
  const head = [
    text('machines.machine'),
    ...(['sec', 'peak', 'load_factor', 'cost', 'carbon'] as const).map((key) => ({
      label: text(`machines.${key}`),
      numeric: true,
    })),
    text('machines.baseline'),
  ];
  return (
    <Panel title={text('machines.figures')}>
      <Table caption={text('machines.figures')} head={head}>
        {machines.map((machine, i) => {
          const of = kpis[i]?.data?.kpis;
          const active = models[i]?.data?.find(({ is_active }) => is_active);
          const sec = of?.sec.value;
          return (
            <tr key={machine.id}>
              <th scope="row">{machine.name}</th>
              <td data-numeric title={of?.sec.reason ?? undefined}>
                {sec === null || sec === undefined
                  ? '–'
                  : `${format.number(sec, sec < 10 ? 3 : 1)} ${text('machines.sec_unit')}`}
              </td>
              <td data-numeric title={of?.peak_demand.reason ?? undefined}>
                {joined(format.power(of?.peak_demand.value))}
              </td>
              <td data-numeric title={of?.load_factor.reason ?? undefined}>
                {joined(format.share(of?.load_factor.value))}
              </td>
              <td data-numeric title={of?.energy_cost.reason ?? undefined}>
                {of?.energy_cost.value === null || of === undefined ? '–' : format.money(of.energy_cost.value)}
              </td>
              <td data-numeric title={of?.carbon_intensity.reason ?? undefined}>
                {joined(format.mass(of?.carbon_intensity.value))}
              </td>
              <td>
                <Link to="/baseline" search={{ machines: machine.id }} className={styles.machine}>
                  {active
                    ? text('machines.version', {
                        version: active.model_version,
                        r2: format.number(active.r_squared, 2),
                      })
                    : text('machines.train')}
                </Link>
              </td>
            </tr>
          );
        })}
      </Table>
    </Panel>
  );
}

function joined({ value, unit }: Quantity): string {
  return unit ? `${value} ${unit}` : value;
}
