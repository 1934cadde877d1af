import type uPlot from 'uplot';
import { type PriceRange, priceLevel } from '../data/price-level.ts';
import type { Interval } from './frame.ts';
import { type Palette, translucent } from './palette.ts';

/** Draws on the canvas of a chart, under its lines. */
export type Overlay = (chart: uPlot, palette: Palette) => void;

export interface PricePeriod extends Interval {
  readonly price: number;
}

const STRIP_PX = 6;
const HATCH_PX = 8;

/** Hatches windows without data. */
export function gapOverlay(gaps: readonly Interval[]): Overlay {
  return (chart, palette) => {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.strokeStyle = translucent(palette['ink-quiet'], 0.28);
    ctx.lineWidth = devicePixelRatio;
    for (const gap of gaps) {
      const { left, width } = extentOf(chart, gap);
      if (width <= 0) continue;
      ctx.beginPath();
      ctx.rect(left, bbox.top, width, bbox.height);
      ctx.save();
      ctx.clip();
      ctx.beginPath();
      const step = HATCH_PX * devicePixelRatio;
      for (let x = left - bbox.height - (left % step); x < left + width; x += step) {
        ctx.moveTo(x, bbox.top + bbox.height);
        ctx.lineTo(x + bbox.height, bbox.top);
      }
      ctx.stroke();
      ctx.restore();
    }
    ctx.restore();
  };
}

/** A strip along the bottom of the plot, from cool (cheap) to warm (expensive) colours within the price range of the tariff. */
export function priceOverlay(periods: readonly PricePeriod[], range: PriceRange): Overlay {
  return (chart, palette) => {
    const { ctx, bbox } = chart;
    const height = STRIP_PX * devicePixelRatio;
    ctx.save();
    for (const period of periods) {
      const { left, width } = extentOf(chart, period);
      if (width <= 0) continue;
      ctx.fillStyle = palette[`price-${priceLevel(period.price, range)}`];
      ctx.fillRect(left, bbox.top + bbox.height - height, width, height);
    }
    ctx.restore();
  };
}

/** A strip along the top of the plot for each interval, such as a charging session. */
export function intervalOverlay(
  intervals: readonly Interval[],
  colour: 'battery' | 'vehicle' | 'warning' | 'critical',
): Overlay {
  return (chart, palette) => {
    const { ctx, bbox } = chart;
    const height = STRIP_PX * devicePixelRatio;
    ctx.save();
    for (const interval of intervals) {
      const { left, width } = extentOf(chart, interval);
      if (width <= 0) continue;
      // A short interval stays visible in a long window.
      const seen = Math.max(width, devicePixelRatio);
      ctx.fillStyle = translucent(palette[colour], 0.1);
      ctx.fillRect(left, bbox.top, seen, bbox.height);
      ctx.fillStyle = palette[colour];
      ctx.fillRect(left, bbox.top, seen, height);
    }
    ctx.restore();
  };
}

/** A thin vertical line at one instant. */
export function instantOverlay(at: number): Overlay {
  return (chart, palette) => {
    const { ctx, bbox } = chart;
    const x = Math.round(chart.valToPos(at, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.save();
    ctx.fillStyle = palette['line-strong'];
    ctx.fillRect(x, bbox.top, devicePixelRatio, bbox.height);
    ctx.restore();
  };
}

/** Position of an interval in the plot, canvas pixels. */
function extentOf(chart: uPlot, { start, end }: Interval): { left: number; width: number } {
  const { bbox } = chart;
  const clamp = (x: number) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, x));
  const left = clamp(chart.valToPos(start, 'x', true));
  return { left, width: clamp(chart.valToPos(end, 'x', true)) - left };
}
