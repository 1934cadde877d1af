import type { EnergyFlows, EnergyTotals } from '@wattkeeper/contract/analytics/energy.ts';
import { useMemo } from 'react';
import { useFormat, useText } from '../../app-context.tsx';
import { usePalette } from '../../charts/use-palette.ts';
import { plain } from '../../ui/format.ts';
import { useWidth } from '../../ui/hooks/use-width.ts';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './energy.module.css';
import { LazyChart } from './lazy-chart.tsx';
import { energyAt, sankeyOption, type Way, waysOf } from './sankey-option.ts';

const NARROW_PX = 560;

/** Energy flows between solar, battery, grid and home, as a Sankey diagram with a table. */
export function FlowsPanel({ flows, totals }: { readonly flows: EnergyFlows | null; readonly totals: EnergyTotals }) {
  const text = useText();
  const format = useFormat();
  const palette = usePalette();
  const { ref, width } = useWidth<HTMLDivElement>();
  const narrow = width < NARROW_PX;
  const ways = useMemo(() => (flows ? waysOf(flows) : []), [flows]);
  const option = useMemo(
    () =>
      sankeyOption(
        {
          ways,
          name: (end) => text(`energy.end_${end}`),
          energy: (end) => (flows ? energyAt(end, flows, totals) : 0),
          narrow,
        },
        palette,
        format,
      ),
    [ways, flows, totals, text, narrow, palette, format],
  );
  return (
    <Panel title={text('energy.flows')} note={text('energy.flows_note')}>
      {ways.length === 0 ? (
        <p className={styles.quiet}>{text('energy.no_flows')}</p>
      ) : (
        <>
          <div ref={ref} className={styles.place}>
            <LazyChart option={option} height={320} label={text('energy.flows')} />
          </div>
          <WayTable ways={ways} />
        </>
      )}
    </Panel>
  );
}

function WayTable({ ways }: { readonly ways: readonly Way[] }) {
  const text = useText();
  const format = useFormat();
  const total = ways.reduce((sum, { kwh }) => sum + kwh, 0);
  const head = [
    text('energy.flow'),
    { label: text('energy.energy'), numeric: true },
    { label: text('energy.share'), numeric: true },
  ];
  return (
    <details className={styles.details}>
      <summary>{text('energy.table')}</summary>
      <Table caption={text('energy.flows')} head={head}>
        {ways.map(({ key, kwh }) => (
          <tr key={key}>
            <th scope="row">{text(`energy.${key}`)}</th>
            <td data-numeric>{plain(format.energy(kwh))}</td>
            <td data-numeric>{plain(format.share(kwh / total))}</td>
          </tr>
        ))}
      </Table>
    </details>
  );
}
