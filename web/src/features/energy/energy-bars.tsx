import { useMemo } from 'react';
import { useFormat, useText } from '../../app-context.tsx';
import { usePalette } from '../../charts/use-palette.ts';
import type { PeriodUnit } from '../../data/period-unit.ts';
import { Segmented } from '../../ui/controls/segmented.tsx';
import { useWidth } from '../../ui/hooks/use-width.ts';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { amountText, barsOption, type ChartKind, type Part, paleness, partsOf, type Slot } from './bars-option.ts';
import styles from './energy.module.css';
import { LazyChart } from './lazy-chart.tsx';

const NARROW_PX = 560;
const KINDS: readonly ChartKind[] = ['energy', 'money'];

interface EnergyBarsProps {
  readonly periods: readonly Slot[];
  readonly unit: PeriodUnit;
  readonly kind: ChartKind;
  readonly onKind: (kind: ChartKind) => void;
}

/** Stacked bars of energy or money by hour, day or month, with a table of the values. */
export function EnergyBars({ periods, unit, kind, onKind }: EnergyBarsProps) {
  const text = useText();
  const format = useFormat();
  const palette = usePalette();
  const { ref, width } = useWidth<HTMLDivElement>();
  const slotName = useSlotName(unit);
  const narrow = width < NARROW_PX;
  const parts = useMemo(() => partsOf(kind, periods), [kind, periods]);
  const option = useMemo(() => {
    const input = {
      kind,
      slots: periods,
      parts,
      labels: periods.map((slot) => slotName(slot, 'short')),
      longLabels: periods.map((slot) => slotName(slot, 'long')),
      partNames: parts.map(({ label }) => text(label)),
      unit: kind === 'energy' ? 'kWh' : format.settings.currency,
      narrow,
    };
    return barsOption(input, palette, format);
  }, [kind, periods, parts, slotName, text, format, narrow, palette]);
  const title = text(kind === 'energy' ? 'energy.chart' : 'energy.chart_money');
  return (
    <Panel
      title={title}
      note={text(kind === 'energy' ? 'energy.chart_note' : 'energy.chart_money_note')}
      actions={
        <Segmented
          label={text('energy.chart_kind')}
          options={KINDS.map((value) => ({ value, label: text(`energy.kind_${value}`) }))}
          value={kind}
          onChange={onKind}
        />
      }
    >
      <Legend parts={parts} />
      <div ref={ref} className={styles.place}>
        <LazyChart option={option} height={narrow ? 260 : 340} label={title} />
      </div>
      <SlotTable caption={title} kind={kind} parts={parts} periods={periods} name={(slot) => slotName(slot, 'long')} />
    </Panel>
  );
}

function Legend({ parts }: { readonly parts: readonly Part[] }) {
  const text = useText();
  return (
    <ul className={styles.legend}>
      {parts.map((part) => (
        <li key={part.key}>
          <span style={{ background: `var(--${part.token})`, opacity: paleness(part) }} aria-hidden="true" />
          {text(part.label)}
        </li>
      ))}
    </ul>
  );
}

interface SlotTableProps {
  readonly caption: string;
  readonly kind: ChartKind;
  readonly parts: readonly Part[];
  readonly periods: readonly Slot[];
  readonly name: (slot: Slot) => string;
}

function SlotTable({ caption, kind, parts, periods, name }: SlotTableProps) {
  const text = useText();
  const format = useFormat();
  const head = [text('energy.start'), ...parts.map((part) => ({ label: text(part.label), numeric: true }))];
  return (
    <details className={styles.details}>
      <summary>{text('energy.table')}</summary>
      <Table caption={caption} head={head} maxHeight="24rem">
        {periods.map((slot) => (
          <tr key={slot.start}>
            <th scope="row" data-nowrap>
              {name(slot)}
            </th>
            {parts.map(({ key }) => (
              <td key={key} data-numeric>
                {amountText(kind, numberOf(slot[key]), format)}
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </details>
  );
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** Label of an hour, day or month: short on the axis, long in tooltip and table. */
function useSlotName(unit: PeriodUnit): (slot: Slot, length: 'short' | 'long') => string {
  const format = useFormat();
  return useMemo(
    () =>
      ({ start, end }, length) => {
        const at = Date.parse(start);
        if (unit === 'day')
          return length === 'short' ? format.clock(at) : `${format.clock(at)}–${format.clock(Date.parse(end))}`;
        if (unit === 'year') {
          return format.date(at, length === 'short' ? { month: 'short' } : { month: 'long', year: 'numeric' });
        }
        if (length === 'long') return format.day(at);
        const number = format.date(at, { day: 'numeric' });
        if (unit === 'quarter') return format.date(at, { day: 'numeric', month: 'short' });
        return unit === 'week' ? `${format.date(at, { weekday: 'short' })} ${number}` : number;
      },
    [format, unit],
  );
}
