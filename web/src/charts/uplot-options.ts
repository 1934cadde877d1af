import uPlot from 'uplot';
import type { Formatter } from '../ui/format.ts';
import type { Frame, Interval } from './frame.ts';
import type { Overlay } from './overlays.ts';
import { type Palette, type Token, translucent } from './palette.ts';
import { tickLabel, timeTicks } from './time-axis.ts';
import type { Tip } from './tip.ts';

export interface ChartSeries {
  readonly key: string;
  readonly label: string;
  readonly colour: Token;
  /** Unit symbol; series of one unit share an axis. */
  readonly unit: string;
  readonly dashed?: boolean;
  readonly filled?: boolean;
  /** Drawn as steps: a value applies until the next instant. */
  readonly stepped?: boolean;
}

interface ChartOptions {
  readonly width: number;
  readonly height: number;
  readonly series: readonly ChartSeries[];
  readonly format: Formatter;
  readonly palette: Palette;
  readonly syncKey?: string;
  readonly window: () => Interval;
  readonly zooms: () => boolean;
  readonly onZoom: (window: Interval) => void;
  readonly overlays: () => readonly Overlay[];
  readonly onCursor: (tip: Tip | null) => void;
}

const AXIS_FONT = "12px 'Inter Variable', system-ui, sans-serif";
const TICK_SPACE_PX = 58;
const VALUE_SPACE_PX = 42;
const MIN_BRUSH_PX = 6;

/** The frame in uPlot's format: x, then for each column its values, maxima and minima. */
export function chartData({ times, columns }: Frame): uPlot.AlignedData {
  const nothing = new Array<null>(times.length).fill(null);
  return [
    times,
    ...columns.flatMap(({ values, low, high }) => [values, high ?? nothing, low ?? nothing]),
  ] as uPlot.AlignedData;
}

/** Options of a chart: one y axis per unit, the first on the left, the second on the right. */
export function chartOptions(options: ChartOptions): uPlot.Options {
  const { width, height, series, format, palette, syncKey } = options;
  const units = [...new Set(series.map(({ unit }) => unit))];
  return {
    width,
    height,
    ms: 1,
    padding: [10, units.length > 1 ? 0 : 10, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 7, width: 2, stroke: palette.surface, fill: (u, i) => String(u.series[i]?.stroke ?? '') },
      drag: { x: true, y: false, setScale: false, dist: MIN_BRUSH_PX },
      ...(syncKey ? { sync: { key: syncKey, setSeries: false } } : {}),
    },
    scales: {
      x: { time: true, range: () => [options.window().start, options.window().end] },
      ...Object.fromEntries(units.map((unit) => [scaleOf(unit), { range: rangeOf(unit) }])),
    },
    axes: [timeAxis(format, palette), ...units.map((unit, i) => valueAxis(unit, i, format, palette))],
    series: [{}, ...series.flatMap((one) => uplotSeries(one, palette))],
    bands: series.map((one, i) => ({
      series: [3 * i + 2, 3 * i + 3],
      fill: translucent(palette[one.colour], 0.16),
    })),
    hooks: {
      drawAxes: [
        (chart) => {
          for (const draw of options.overlays()) draw(chart, palette);
        },
      ],
      setSelect: [(chart) => select(chart, options)],
      setCursor: [(chart) => options.onCursor(tipOf(chart))],
    },
  };
}

function uplotSeries(series: ChartSeries, palette: Palette): uPlot.Series[] {
  const stroke = palette[series.colour];
  const paths = series.stepped ? uPlot.paths.stepped!({ align: 1 }) : undefined;
  const edge: uPlot.Series = { scale: scaleOf(series.unit), stroke: 'transparent', width: 0, points: { show: false } };
  return [
    {
      label: series.label,
      scale: scaleOf(series.unit),
      stroke,
      width: series.dashed ? 1.25 : 1.75,
      ...(series.dashed ? { dash: [5, 4] } : {}),
      ...(series.filled ? { fill: translucent(stroke, 0.16) } : {}),
      ...(paths ? { paths } : {}),
      points: { show: false },
    },
    edge,
    edge,
  ];
}

/** Key of a unit's scale. Users name units, so the key must be neither `x` nor a property of `Object.prototype`. */
function scaleOf(unit: string): string {
  return `unit ${unit}`;
}

/** Quantities whose magnitudes are compared: their axis always includes zero. */
const FROM_ZERO: ReadonlySet<string> = new Set(['W', 'kW', 'MW', 'VA', 'kVA', 'var', 'kvar', 'Wh', 'kWh', 'MWh']);

function rangeOf(unit: string) {
  return (_: uPlot, min: number | null, max: number | null) => valueRange(min, max, FROM_ZERO.has(unit));
}

/** The range of an axis. It includes zero for compared magnitudes and where values are close to zero; a flat line is centred. */
export function valueRange(min: number | null, max: number | null, fromZero: boolean): uPlot.Range.MinMax {
  if (min === null || max === null) return [0, 1];
  const low = min > 0 && (fromZero || min < 0.5 * max) ? 0 : min;
  const high = max < 0 && (fromZero || max > 0.5 * min) ? 0 : max;
  const span = high - low || Math.abs(high) || 1;
  return [low === 0 ? 0 : low - 0.06 * span, high === 0 ? 0 : high + 0.08 * span];
}

function timeAxis(format: Formatter, palette: Palette): uPlot.Axis {
  return {
    stroke: palette['ink-quiet'],
    font: AXIS_FONT,
    size: 30,
    gap: 6,
    grid: { show: false },
    ticks: { stroke: palette.line, width: 1, size: 5 },
    splits: (chart, _axis, min, max) =>
      timeTicks(
        min,
        max,
        format.settings.timeZone,
        Math.max(2, Math.floor(chart.bbox.width / devicePixelRatio / TICK_SPACE_PX)),
      ),
    values: (_, ticks) => ticks.map((tick) => tickLabel(tick, ticks, format)),
  };
}

function valueAxis(unit: string, index: number, format: Formatter, palette: Palette): uPlot.Axis {
  return {
    scale: scaleOf(unit),
    side: index === 0 ? 3 : 1,
    stroke: palette['ink-quiet'],
    font: AXIS_FONT,
    labelFont: AXIS_FONT,
    size: (_chart, values) => 18 + 7 * Math.max(2, ...(values ?? []).map((value) => value?.length ?? 0)),
    space: VALUE_SPACE_PX,
    gap: 6,
    grid: { show: index === 0, stroke: palette.line, width: 1 },
    ticks: { show: false },
    values: (_, ticks) => {
      const step = ticks.length > 1 ? Math.abs(ticks[1]! - ticks[0]!) : 1;
      const digits = digitsOfStep(step);
      // The unit is shown once, at the top of the axis.
      return ticks.map((tick, i) => {
        const number = format.number(tick, digits);
        return i === ticks.length - 1 ? `${number} ${format.unit(unit)}`.trimEnd() : number;
      });
    },
  };
}

/** Decimal places that distinguish multiples of `step`: one for 2.5, none for 20. */
function digitsOfStep(step: number): number {
  const digits = [0, 1, 2, 3, 4].find((count) => Math.abs(step * 10 ** count - Math.round(step * 10 ** count)) < 1e-6);
  return digits ?? 4;
}

function select(chart: uPlot, { zooms, onZoom }: ChartOptions): void {
  const { left, width } = chart.select;
  if (width < MIN_BRUSH_PX) return;
  const start = chart.posToVal(left, 'x');
  const end = chart.posToVal(left + width, 'x');
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  if (zooms()) onZoom({ start: Math.round(start), end: Math.round(end) });
}

function tipOf(chart: uPlot): Tip | null {
  const { idx, left } = chart.cursor;
  if (idx === null || idx === undefined || left === undefined || left < 0) return null;
  const rows = (chart.cursor.idxs ?? []).filter((_, i) => i % 3 === 1).map((row) => row ?? null);
  return { row: idx, rows, left: left + chart.bbox.left / devicePixelRatio };
}
