import type { EnergyBalance } from '@wattkeeper/contract/analytics/energy.ts';
import type { EChartsCoreOption } from 'echarts/core';
import type { Palette, Token } from '../../charts/palette.ts';
import type { MessageKey } from '../../messages/lookup.ts';
import { type Formatter, plain } from '../../ui/format.ts';

export type Slot = EnergyBalance['periods'][number];
export type ChartKind = 'energy' | 'money';
export interface Part {
  readonly key: keyof Slot;
  readonly label: MessageKey;
  readonly token: Token;
  /** Above or below the zero line. */
  readonly sign: 1 | -1;
  /** Paler, for a hue that is used on both sides of the zero line. */
  readonly pale?: boolean;
}

const ENERGY: readonly Part[] = [
  { key: 'solar_kwh', label: 'energy.production', token: 'solar', sign: 1 },
  { key: 'battery_discharged_kwh', label: 'energy.battery_out', token: 'battery', sign: 1 },
  { key: 'import_kwh', label: 'energy.import', token: 'import', sign: 1 },
  { key: 'consumption_kwh', label: 'energy.consumption', token: 'load', sign: -1 },
  { key: 'battery_charged_kwh', label: 'energy.battery_in', token: 'battery', sign: -1, pale: true },
  { key: 'export_kwh', label: 'energy.export', token: 'export', sign: -1 },
];
const MONEY: readonly Part[] = [
  { key: 'cost', label: 'money.cost', token: 'import', sign: 1 },
  { key: 'fixed_cost', label: 'money.fixed', token: 'load', sign: 1 },
  { key: 'revenue', label: 'money.revenue', token: 'export', sign: -1 },
];
const PALE = 0.55;

/** The series of the bars; battery and solar are omitted for a site without them. */
export function partsOf(kind: ChartKind, slots: readonly Slot[]): readonly Part[] {
  return (kind === 'energy' ? ENERGY : MONEY).filter(({ key }) => slots.some((slot) => slot[key] !== null));
}

/** An amount of a slot, formatted. */
export function amountText(kind: ChartKind, amount: number | null, format: Formatter): string {
  return kind === 'energy' ? plain(format.energy(amount)) : format.money(amount);
}

export function paleness(part: Part): number {
  return part.pale ? PALE : 1;
}

interface BarsInput {
  readonly kind: ChartKind;
  readonly slots: readonly Slot[];
  readonly parts: readonly Part[];
  readonly labels: readonly string[];
  /** In the tooltip, where there is more space. */
  readonly longLabels: readonly string[];
  readonly partNames: readonly string[];
  readonly unit: string;
  readonly narrow: boolean;
}

/** Bars stacked above and below the zero line, one column per slot. */
export function barsOption(input: BarsInput, palette: Palette, format: Formatter): EChartsCoreOption {
  const { slots, parts, labels, narrow } = input;
  const axisText = { color: palette['ink-quiet'], fontFamily: 'inherit', fontSize: 12 };
  return {
    animation: false,
    textStyle: { fontFamily: 'Inter Variable, system-ui, sans-serif' },
    grid: { left: 4, right: 4, top: 28, bottom: 8, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    xAxis: {
      type: 'category',
      data: [...labels],
      axisLine: { onZero: true, lineStyle: { color: palette['line-strong'] } },
      axisTick: { show: false },
      axisLabel: { ...axisText, hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      name: input.unit,
      nameTextStyle: { ...axisText, align: 'left' },
      nameGap: 14,
      splitNumber: narrow ? 4 : 6,
      axisLabel: { ...axisText, formatter: (value: number) => axisNumber(Math.abs(value), format) },
      splitLine: { lineStyle: { color: palette.line } },
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      axisPointer: { type: 'shadow' },
      backgroundColor: palette.raised,
      borderWidth: 0,
      textStyle: { color: palette.ink, fontSize: 12 },
      formatter: (hit: unknown) => barsTip(input, rowOf(hit), palette, format),
    },
    series: parts.map((part, i) => ({
      type: 'bar',
      name: input.partNames[i],
      stack: 'all',
      barMaxWidth: 34,
      barCategoryGap: '28%',
      itemStyle: { color: palette[part.token], opacity: paleness(part) },
      emphasis: { disabled: true },
      data: slots.map((slot) => signed(slot, part)),
    })),
  };
}

function signed(slot: Slot, { key, sign }: Part): number | null {
  const amount = slot[key];
  return typeof amount === 'number' ? amount * sign : null;
}

function rowOf(hit: unknown): number {
  const first = Array.isArray(hit) ? hit[0] : hit;
  return (first as { dataIndex?: number } | undefined)?.dataIndex ?? 0;
}

function axisNumber(value: number, format: Formatter): string {
  const digits = value === 0 || Number.isInteger(value) ? 0 : value * 10 === Math.round(value * 10) ? 1 : 2;
  return format.number(value, digits);
}

/** A tooltip built from DOM nodes, so that names are never parsed as HTML. */
function barsTip(input: BarsInput, row: number, palette: Palette, format: Formatter): HTMLElement {
  const slot = input.slots[row];
  const tip = document.createElement('div');
  const head = document.createElement('div');
  head.textContent = input.longLabels[row] ?? '';
  head.style.color = palette['ink-quiet'];
  tip.append(head);
  for (const [i, part] of input.parts.entries()) {
    const line = document.createElement('div');
    line.style.cssText = 'display:flex;gap:1rem;align-items:center';
    const swatch = document.createElement('span');
    swatch.style.cssText = 'width:.6rem;height:.6rem;border-radius:2px;margin-right:-.6rem';
    swatch.style.background = palette[part.token];
    swatch.style.opacity = String(paleness(part));
    const name = document.createElement('span');
    name.style.flex = '1';
    name.textContent = input.partNames[i] ?? '';
    const value = document.createElement('strong');
    const amount = slot?.[part.key];
    value.textContent = amountText(input.kind, typeof amount === 'number' ? amount : null, format);
    line.append(swatch, name, value);
    tip.append(line);
  }
  return tip;
}
