import type { EnergyFlows } from '@wattkeeper/contract/energy.ts';
import type { EChartsCoreOption } from 'echarts/core';
import type { Palette, Token } from '../../charts/palette.ts';
import { type Formatter, plain } from '../../ui/format.ts';

export type End = 'solar' | 'battery_out' | 'grid_in' | 'load' | 'battery_in' | 'grid_out';
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
];
const TOKEN: Readonly<Record<End, Token>> = {
  solar: 'solar',
  battery_out: 'battery',
  grid_in: 'import',
  load: 'load',
  battery_in: 'battery',
  grid_out: 'export',
};
/** Less than this is the rounding of meters rather than a way that energy took. */
const LEAST_KWH = 0.005;

/** The ways that energy took, the largest first. */
export function waysOf(flows: EnergyFlows): readonly Way[] {
  return WAYS.map((way) => ({ ...way, kwh: flows[way.key] }))
    .filter(({ kwh }) => kwh > LEAST_KWH)
    .sort((a, b) => b.kwh - a.kwh);
}

interface SankeyInput {
  readonly ways: readonly Way[];
  readonly name: (end: End) => string;
  readonly narrow: boolean;
}

/** From sun, battery and grid at the left to home, battery and grid at the right. */
export function sankeyOption(
  { ways, name, narrow }: SankeyInput,
  palette: Palette,
  format: Formatter,
): EChartsCoreOption {
  const ends = [...new Set(ways.flatMap(({ from, to }) => [from, to]))];
  const through = (end: End) =>
    ways.reduce((sum, { from, to, kwh }) => sum + (from === end || to === end ? kwh : 0), 0);
  const isSource = (end: End) => ways.some(({ from }) => from === end);
  const label = (end: End) => `${name(end)}${narrow ? '\n' : '  '}${plain(format.energy(through(end)))}`;
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
