import type { Window } from '../../data/period.ts';

export const PRESETS = ['1h', '6h', '24h', '7d', '30d', '90d', '1y', 'today', 'yesterday'] as const;
export type Preset = (typeof PRESETS)[number];
export const COMPARISONS = ['period', 'week', 'year'] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** Maximum of series in one view: more lines cannot be distinguished. */
export const MAX_SERIES = 12;
const DEFAULT_PRESET: Preset = '24h';

export interface SeriesRef {
  readonly deviceId: string;
  readonly metric: string;
}

/** The view as typed values. */
export interface HistoryView {
  /** Empty: the page selects default series. */
  readonly series: readonly SeriesRef[];
  readonly range: Preset | Window;
  readonly compare: Comparison | null;
  readonly prices: boolean;
  readonly sessions: boolean;
  readonly anomalies: boolean;
  readonly table: boolean;
}

/** The view as search parameters. Defaults are omitted. */
export interface HistorySearch {
  readonly series?: string;
  readonly range?: Preset;
  readonly from?: string;
  readonly to?: string;
  readonly compare?: Comparison;
  readonly prices?: '0';
  readonly sessions?: '1';
  readonly anomalies?: '0';
  readonly table?: '1';
}

/** The valid parameters of an address; others are ignored, since any page may link here. */
export function readHistorySearch(raw: Record<string, unknown>): HistorySearch {
  return writeHistoryView(readHistoryView(raw));
}

export function readHistoryView(raw: Record<string, unknown> | HistorySearch): HistoryView {
  const { series, range, from, to, compare, prices, sessions, anomalies, table } = raw as Record<string, unknown>;
  return {
    series: typeof series === 'string' ? readSeries(series) : [],
    range: readWindow(from, to) ?? (PRESETS.includes(range as Preset) ? (range as Preset) : DEFAULT_PRESET),
    compare: COMPARISONS.includes(compare as Comparison) ? (compare as Comparison) : null,
    prices: prices !== '0',
    sessions: sessions === '1',
    anomalies: anomalies !== '0',
    table: table === '1',
  };
}

export function writeHistoryView(view: HistoryView): HistorySearch {
  const { series, range, compare, prices, sessions, anomalies, table } = view;
  return {
    ...(series.length > 0 ? { series: series.map(writeSeries).join(',') } : {}),
    ...(typeof range !== 'string'
      ? { from: new Date(range.start).toISOString(), to: new Date(range.end).toISOString() }
      : range === DEFAULT_PRESET
        ? {}
        : { range }),
    ...(compare ? { compare } : {}),
    ...(prices ? {} : { prices: '0' as const }),
    ...(sessions ? { sessions: '1' as const } : {}),
    ...(anomalies ? {} : { anomalies: '0' as const }),
    ...(table ? { table: '1' as const } : {}),
  };
}

/** `device:metric`; a comma or colon in a metric's name is escaped, ids have none. */
function writeSeries({ deviceId, metric }: SeriesRef): string {
  return `${encodeURIComponent(deviceId)}:${encodeURIComponent(metric)}`;
}

function readSeries(text: string): SeriesRef[] {
  const seen = new Set<string>();
  return text
    .split(',')
    .flatMap((part) => {
      const [deviceId = '', metric = ''] = part.split(':').map(decoded);
      if (!deviceId || !looksLikeMetric(metric) || seen.has(part)) return [];
      seen.add(part);
      return [{ deviceId, metric }];
    })
    .slice(0, MAX_SERIES);
}

/** `group.quantity`. The contract's schema would be loaded before the first paint; the server validates in any case. */
function looksLikeMetric(text: string): boolean {
  return /^.+\..+$/.test(text) && text.length <= 200;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function readWindow(from: unknown, to: unknown): Window | null {
  if (typeof from !== 'string' || typeof to !== 'string') return null;
  const window = { start: Date.parse(from), end: Date.parse(to) };
  return window.start >= 0 && window.end > window.start ? window : null;
}
