import { BatteryMedium, Car, House, type LucideIcon, Sun, UtilityPole } from 'lucide-react';
import { useFormat, useText } from '../../app-context.tsx';
import { type FlowEnd, flowsOf, loadShares, type SitePower } from '../../data/site-power.ts';
import type { MessageKey } from '../../messages/lookup.ts';
import { plain } from '../../ui/format.ts';
import { useWidth } from '../../ui/hooks/use-width.ts';
import styles from './flow.module.css';
import { flowGeometry, flowPath } from './flow-geometry.ts';
import { type FlowLine, FlowLines } from './flow-lines.tsx';
import { FlowNode, type RingPart } from './flow-node.tsx';

const COLOURS: Record<FlowEnd, string> = {
  solar: 'var(--solar)',
  battery: 'var(--battery)',
  grid: 'var(--import)',
  load: 'var(--load)',
  vehicle: 'var(--vehicle)',
};
export const END_LABELS: Record<FlowEnd, MessageKey> = {
  solar: 'now.solar',
  battery: 'now.battery',
  grid: 'now.grid',
  load: 'now.home',
  vehicle: 'now.vehicle',
};
const ICONS: Record<FlowEnd, LucideIcon> = {
  solar: Sun,
  battery: BatteryMedium,
  grid: UtilityPole,
  load: House,
  vehicle: Car,
};
const LABELS_AT = { solar: 'right', battery: 'left', grid: 'below', load: 'below', vehicle: 'below' } as const;
/** All lines; those between existing nodes are drawn, faint without a flow. */
const LINES: readonly (readonly [FlowEnd, FlowEnd])[] = [
  ['solar', 'load'],
  ['solar', 'battery'],
  ['solar', 'grid'],
  ['battery', 'load'],
  ['grid', 'battery'],
  ['grid', 'load'],
  ['load', 'vehicle'],
];
/** Minimum power of a full-width line, so that a home at night does not look like a power station. */
const MIN_FULL_POWER_KW = 4;
const AT_REST_KW = 0.005;

/** Solar, battery, grid, home and vehicle, and the energy flows between them. */
export function FlowPicture({ power }: { readonly power: SitePower }) {
  const text = useText();
  const format = useFormat();
  const { ref, width } = useWidth<HTMLDivElement>();
  const geometry = flowGeometry(width);
  const flows = flowsOf(power);
  const ends = endsOf(power);
  const lines = flows.map(
    (flow): FlowLine => ({
      id: `${flow.from}-${flow.to}`,
      path: flowPath(geometry, flow.from, flow.to),
      colour: flow.to === 'grid' ? 'var(--export)' : COLOURS[flow.to === 'vehicle' ? 'vehicle' : flow.from],
      power: flow.power,
    }),
  );
  const fullPower = Math.max(MIN_FULL_POWER_KW, ...flows.map((flow) => flow.power));
  return (
    <div ref={ref} className={styles.picture}>
      <ul className="visually-hidden">
        {flows.map((flow) => (
          <li key={`${flow.from}-${flow.to}`}>
            {`${text(END_LABELS[flow.from])} → ${text(END_LABELS[flow.to])}: ${plain(format.power(flow.power))}`}
          </li>
        ))}
      </ul>
      <svg viewBox={`0 0 ${geometry.width} ${geometry.height}`} aria-hidden="true" data-testid="flow-picture">
        {LINES.filter((line) => line.every((end) => ends.has(end))).map(([from, to]) => (
          <path key={`${from}-${to}`} d={flowPath(geometry, from, to)} className={styles.track} />
        ))}
        <FlowLines lines={lines} fullPower={fullPower} />
        {[...ends].map((end) => (
          <FlowNode
            key={end}
            at={geometry.nodes[end]}
            radius={geometry.radius}
            icon={ICONS[end]}
            colour={end === 'grid' && (power.grid ?? 0) < 0 ? 'var(--export)' : COLOURS[end]}
            quantity={format.power(shownPower(power, end))}
            label={text(END_LABELS[end])}
            state={stateOf(power, end, text, format.share.bind(format))}
            ring={ringOf(power, end)}
            labelAt={LABELS_AT[end]}
          />
        ))}
      </svg>
    </div>
  );
}

function endsOf(power: SitePower): Set<FlowEnd> {
  const has: readonly [FlowEnd, boolean][] = [
    ['grid', power.grid !== null],
    ['solar', power.solar !== null],
    ['battery', power.battery !== null || power.batterySoc !== null],
    ['load', true],
    ['vehicle', power.vehicle !== null],
  ];
  return new Set(has.flatMap(([end, present]) => (present ? [end] : [])));
}

function shownPower(power: SitePower, end: FlowEnd): number | null {
  const value = power[end];
  return value === null ? null : Math.abs(value);
}

function stateOf(
  power: SitePower,
  end: FlowEnd,
  text: ReturnType<typeof useText>,
  share: (value: number) => { value: string; unit: string },
): string {
  const value = power[end] ?? 0;
  const moving = Math.abs(value) >= AT_REST_KW;
  if (end === 'grid') return moving ? text(value > 0 ? 'now.importing' : 'now.exporting') : text('now.idle');
  if (end !== 'battery' && end !== 'vehicle') return '';
  const soc = end === 'battery' ? power.batterySoc : power.vehicleSoc;
  const doing = moving ? text(value > 0 ? 'now.charging' : 'now.discharging') : text('now.idle');
  return soc === null ? doing : `${plain(share(soc / 100))} · ${doing}`;
}

/** Rings show the state of charge, or the sources of the load. */
function ringOf(power: SitePower, end: FlowEnd): RingPart[] {
  if (end === 'battery') return [{ share: (power.batterySoc ?? 0) / 100, colour: COLOURS.battery }];
  if (end === 'vehicle') return [{ share: (power.vehicleSoc ?? 0) / 100, colour: COLOURS.vehicle }];
  if (end === 'load') return loadShares(flowsOf(power)).map(({ from, share }) => ({ share, colour: COLOURS[from] }));
  const value = power[end] ?? 0;
  if (Math.abs(value) < AT_REST_KW) return [];
  return [{ share: 1, colour: end === 'grid' && value < 0 ? 'var(--export)' : COLOURS[end] }];
}
