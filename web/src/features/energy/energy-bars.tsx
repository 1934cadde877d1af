import type { EnergyBalance } from '@wattkeeper/contract/energy.ts';
import { useFormat, useText } from '../../app-context.tsx';
import type { PeriodUnit } from '../../data/period-unit.ts';
import type { MessageKey } from '../../messages/lookup.ts';
import { Panel } from '../../ui/panel.tsx';
import { Table } from '../../ui/table.tsx';
import styles from './energy.module.css';

type Slot = EnergyBalance['periods'][number];
type Part = { readonly key: keyof Slot & `${string}_kwh`; readonly label: MessageKey; readonly token: string };

const CAME_IN: readonly Part[] = [
  { key: 'solar_kwh', label: 'energy.production', token: 'solar' },
  { key: 'battery_discharged_kwh', label: 'energy.battery_out', token: 'battery' },
  { key: 'import_kwh', label: 'energy.import', token: 'import' },
];
const WENT_OUT: readonly Part[] = [
  { key: 'consumption_kwh', label: 'energy.consumption', token: 'load' },
  { key: 'battery_charged_kwh', label: 'energy.battery_in', token: 'battery' },
  { key: 'export_kwh', label: 'energy.export', token: 'export' },
];
const HEIGHT = 240;

/** Stacked bars by hour, day or month: what came in above the line, where it went below; the numbers in a table behind. */
export function EnergyBars({ periods, unit }: { readonly periods: readonly Slot[]; readonly unit: PeriodUnit }) {
  const text = useText();
  const label = useSlotLabel(unit);
  const sum = (slot: Slot, parts: readonly Part[]) => parts.reduce((total, { key }) => total + (slot[key] ?? 0), 0);
  const above = Math.max(0.001, ...periods.map((slot) => sum(slot, CAME_IN)));
  const below = Math.max(0.001, ...periods.map((slot) => sum(slot, WENT_OUT)));
  const scale = HEIGHT / (above + below);
  return (
    <Panel title={text('energy.chart')} note={text('energy.chart_note')}>
      <Legend />
      <svg
        className={styles.bars}
        viewBox={`0 0 ${periods.length * 20} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={text('energy.chart')}
      >
        {periods.map((slot, i) => (
          <g key={slot.start}>
            <title>{`${label(slot)}: ${[...CAME_IN, ...WENT_OUT].map((part) => `${text(part.label)} ${(slot[part.key] ?? 0).toFixed(2)} kWh`).join(', ')}`}</title>
            <Stack slot={slot} parts={CAME_IN} x={i * 20 + 3} from={above * scale} scale={-scale} />
            <Stack slot={slot} parts={WENT_OUT} x={i * 20 + 3} from={above * scale} scale={scale} />
          </g>
        ))}
        <line x1={0} x2={periods.length * 20} y1={above * scale} y2={above * scale} className={styles.axis} />
      </svg>
      <div className={styles.ticks} aria-hidden="true">
        {periods
          .filter((_, i) => i % Math.ceil(periods.length / 8) === 0)
          .map((slot) => (
            <span key={slot.start}>{label(slot)}</span>
          ))}
      </div>
      <SlotTable periods={periods} label={label} />
    </Panel>
  );
}

function Stack(props: { slot: Slot; parts: readonly Part[]; x: number; from: number; scale: number }) {
  const { slot, parts, x, from, scale } = props;
  let at = from;
  return parts.map(({ key, token }) => {
    const height = (slot[key] ?? 0) * scale;
    const y = Math.min(at, at + height);
    at += height;
    return <rect key={key} x={x} y={y} width={14} height={Math.abs(height)} fill={`var(--${token})`} />;
  });
}

function Legend() {
  const text = useText();
  return (
    <ul className={styles.legend}>
      {[...CAME_IN, ...WENT_OUT].map(({ key, label, token }) => (
        <li key={key}>
          <span style={{ background: `var(--${token})` }} aria-hidden="true" />
          {text(label)}
        </li>
      ))}
    </ul>
  );
}

function SlotTable({ periods, label }: { readonly periods: readonly Slot[]; readonly label: (slot: Slot) => string }) {
  const text = useText();
  const format = useFormat();
  const parts = [...CAME_IN, ...WENT_OUT];
  const head = [text('energy.start'), ...parts.map((part) => ({ label: text(part.label), numeric: true }))];
  return (
    <details className={styles.details}>
      <summary>{text('energy.table')}</summary>
      <Table caption={text('energy.chart')} head={head} maxHeight="24rem">
        {periods.map((slot) => (
          <tr key={slot.start}>
            <th scope="row">{label(slot)}</th>
            {parts.map(({ key }) => {
              const { value, unit } = format.energy(slot[key] ?? null);
              return (
                <td key={key} data-numeric>
                  {value} {unit}
                </td>
              );
            })}
          </tr>
        ))}
      </Table>
    </details>
  );
}

function useSlotLabel(unit: PeriodUnit): (slot: Slot) => string {
  const format = useFormat();
  return ({ start }) => {
    const at = Date.parse(start);
    if (unit === 'day') return format.clock(at);
    return unit === 'year' ? format.date(at, { month: 'short' }) : format.date(at, { day: 'numeric', month: 'short' });
  };
}
