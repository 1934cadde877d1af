import type { EnergyFlows, EnergyTotals } from '@wattkeeper/contract/analytics/energy.ts';
import type { EChartsCoreOption } from 'echarts/core';
import type { Palette, Token } from '../../charts/palette.ts';
import { type Formatter, plain } from '../../ui/format.ts';

export type End = 'solar' | 'battery_out' | 'grid_in' | 'other_out' | 'load' | 'battery_in' | 'grid_out' | 'other_in';
export interface Way {
  readonly key: keyof EnergyFlows;
  readonly from: End;
  readonly to: End;
  readonly kwh: number;
}

const WAYS: readonly Omit<Way, 'kwh'>[] = [
  { key: 'solar_to_load_kwh', from: 'solar', to: 'load' },
  { key: 'solar_to_battery_kwh', from: 'solar', to: 'battery_in' },
  { key: 'solar_to_grid_kwh', from: 'solar', to: 'grid_out' },
  { key: 'battery_to_load_kwh', from: 'battery_out', to: 'load' },
  { key: 'battery_to_grid_kwh', from: 'battery_out', to: 'grid_out' },
  { key: 'grid_to_load_kwh', from: 'grid_in', to: 'load' },
  { key: 'grid_to_battery_kwh', from: 'grid_in', to: 'battery_in' },
  { key: 'solar_to_other_kwh', from: 'solar', to: 'other_in' },
  { key: 'battery_to_other_kwh', from: 'battery_out', to: 'other_in' },
  { key: 'grid_to_other_kwh', from: 'grid_in', to: 'other_in' },
  { key: 'other_to_load_kwh', from: 'other_out', to: 'load' },
  { key: 'other_to_battery_kwh', from: 'other_out', to: 'battery_in' },
  { key: 'other_to_grid_kwh', from: 'other_out', to: 'grid_out' },
];
const TOKEN: Readonly<Record<End, Token>> = {
  solar: 'solar',
  battery_out: 'battery',
  grid_in: 'import',
  other_out: 'line-strong',
  load: 'load',
  battery_in: 'battery',
  grid_out: 'export',
  other_in: 'line-strong',
};
const TOTAL: Readonly<Partial<Record<End, keyof EnergyTotals>>> = {
  solar: 'solar_kwh',
  battery_out: 'battery_discharged_kwh',
  grid_in: 'import_kwh',
  load: 'consumption_kwh',
  battery_in: 'battery_charged_kwh',
  grid_out: 'export_kwh',
};
/** A smaller flow is a rounding error of meters. */
const MIN_WAY_KWH = 0.005;

/** Energy flows, the largest first. */
export function waysOf(flows: EnergyFlows): readonly Way[] {
  return WAYS.map((way) => ({ ...way, kwh: flows[way.key] ?? 0 }))
    .filter(({ kwh }) => kwh > MIN_WAY_KWH)
    .sort((a, b) => b.kwh - a.kwh);
}

/** Energy of a node, equal to the totals; for an unmetered node the sum of its flows. */
export function energyAt(end: End, flows: EnergyFlows, totals: EnergyTotals): number {
  const key = TOTAL[end];
  const total = key === undefined ? null : totals[key];
  if (typeof total === 'number') return total;
  return WAYS.reduce((sum, { key: way, from, to }) => sum + (from === end || to === end ? (flows[way] ?? 0) : 0), 0);
}

interface SankeyInput {
  readonly ways: readonly Way[];
  readonly name: (end: End) => string;
  readonly energy: (end: End) => number;
  readonly narrow: boolean;
}

/** From solar, battery and grid on the left to home, battery and grid on the right. */
export function sankeyOption(
  { ways, name, energy, narrow }: SankeyInput,
  palette: Palette,
  format: Formatter,
): EChartsCoreOption {
  const ends = [...new Set(ways.flatMap(({ from, to }) => [from, to]))];
  const isSource = (end: End) => ways.some(({ from }) => from === end);
  const label = (end: End) => `${name(end)}${narrow ? '\n' : '  '}${plain(format.energy(energy(end)))}`;
  return {
    animation: false,
    textStyle: { fontFamily: 'Inter Variable, system-ui, sans-serif' },
    tooltip: {
      trigger: 'item',
      confine: true,
      backgroundColor: palette.raised,
      borderWidth: 0,
      textStyle: { color: palette.ink, fontSize: 12 },
      formatter: ({ name: hit }: { name: string }) => {
        const tip = document.createElement('span');
        const way = ways.find(({ from, to }) => hit === `${from} > ${to}`);
        tip.textContent = way
          ? `${name(way.from)} → ${name(way.to)}: ${plain(format.energy(way.kwh))}`
          : label(hit as End);
        return tip;
      },
    },
    series: [
      {
        type: 'sankey',
        left: 4,
        right: 4,
        top: 8,
        bottom: narrow ? 24 : 10,
        nodeWidth: 10,
        nodeGap: narrow ? 34 : 22,
        draggable: false,
        emphasis: { focus: 'adjacency' },
        lineStyle: { color: 'source', opacity: 0.32, curveness: 0.5 },
        data: ends.map((end) => ({
          name: end,
          itemStyle: { color: palette[TOKEN[end]], borderWidth: 0 },
          label: {
            position: isSource(end) ? 'right' : 'left',
            color: palette.ink,
            fontSize: 12,
            lineHeight: 16,
            textBorderColor: palette.surface,
            textBorderWidth: 3,
            formatter: label(end),
          },
        })),
        links: ways.map(({ from, to, kwh }) => ({ source: from, target: to, value: kwh })),
      },
    ],
  };
}
