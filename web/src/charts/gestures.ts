import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type uPlot from 'uplot';
import type { Interval } from './frame.ts';

export interface GestureOptions {
  /** Whether the chart can be zoomed and panned; if not, the page handles every gesture. */
  readonly zooms: () => boolean;
  /** Called with the final window when a gesture has ended. */
  readonly onWindow: (window: Interval) => void;
}

const WHEEL_ZOOM = 1.2;
const WHEEL_REST_MS = 250;
/** The narrowest window: two samples of the fastest device. */
const MIN_SPAN_MS = 10_000;
const MAX_SPAN_MS = 50 * 366 * UTC_DAY_MS;

/**
 * Ctrl or ⌘ with the wheel zooms at the pointer, the wheel across or with shift pans, and the plain wheel scrolls the page; one finger
 * scrubs, two zoom and pan. uPlot itself handles selection by dragging. Returns a function that removes the listeners.
 */
export function addGestures(chart: uPlot, { zooms, onWindow }: GestureOptions): () => void {
  const plot = chart.over;
  const touches = new Map<number, number>();
  let rest: ReturnType<typeof setTimeout> | undefined;
  let grip: { start: number; end: number; values: [number, number] } | null = null;
  plot.style.touchAction = 'pan-y';
  const listeners: [string, (event: never) => void][] = [
    ['wheel', onWheel],
    ['pointerdown', onDown],
    ['pointermove', onMove],
    ['pointerup', onUp],
    ['pointercancel', onUp],
  ];
  for (const [type, listener] of listeners) plot.addEventListener(type, listener as EventListener, { passive: false });
  return () => {
    clearTimeout(rest);
    for (const [type, listener] of listeners) plot.removeEventListener(type, listener as EventListener);
  };

  function onWheel(event: WheelEvent): void {
    const action = zooms() ? wheelAction(event) : 'scroll';
    if (action === 'scroll') return;
    event.preventDefault();
    const { min, max } = limits(chart);
    if (action === 'pan') {
      const shift = ((event.shiftKey ? event.deltaY || event.deltaX : event.deltaX) / plot.clientWidth) * (max - min);
      show({ start: min + shift, end: max + shift });
      return;
    }
    const at = chart.posToVal(event.clientX - plot.getBoundingClientRect().left, 'x');
    const factor = event.deltaY > 0 ? WHEEL_ZOOM : 1 / WHEEL_ZOOM;
    show({ start: at - (at - min) * factor, end: at + (max - at) * factor });
  }

  function onDown(event: PointerEvent): void {
    if (event.pointerType !== 'touch') return;
    touches.set(event.pointerId, event.clientX);
    if (touches.size === 1) scrub(event.clientX);
    if (touches.size === 2) takeGrip();
  }

  function onMove(event: PointerEvent): void {
    if (!touches.has(event.pointerId)) return;
    touches.set(event.pointerId, event.clientX);
    if (touches.size === 1) scrub(event.clientX);
    else if (touches.size === 2 && grip && zooms()) stretch();
  }

  function onUp(event: PointerEvent): void {
    touches.delete(event.pointerId);
    grip = null;
  }

  function scrub(clientX: number): void {
    chart.setCursor({ left: clientX - plot.getBoundingClientRect().left, top: 10 });
  }

  function takeGrip(): void {
    const { min, max } = limits(chart);
    const left = plot.getBoundingClientRect().left;
    const [a = 0, b = 0] = [...touches.values()].map((x) => chart.posToVal(x - left, 'x'));
    grip = { start: min, end: max, values: [a, b] };
  }

  /** Zooms so that the instants first touched stay under the two fingers. */
  function stretch(): void {
    const { left, width } = plot.getBoundingClientRect();
    const [x0 = 0, x1 = 0] = [...touches.values()].map((x) => (x - left) / width);
    if (Math.abs(x1 - x0) < 0.05) return;
    const span = (grip!.values[1] - grip!.values[0]) / (x1 - x0);
    if (span <= 0) return;
    const start = grip!.values[0] - x0 * span;
    show({ start, end: start + span });
  }

  function show(window: Interval): void {
    const span = window.end - window.start;
    if (span < MIN_SPAN_MS || span > MAX_SPAN_MS) return;
    const end = Math.min(window.end, Date.now() + span);
    const settled = { start: Math.max(0, end - span), end };
    chart.setScale('x', { min: settled.start, max: settled.end });
    clearTimeout(rest);
    rest = setTimeout(
      () => onWindow({ start: Math.round(settled.start), end: Math.round(settled.end) }),
      WHEEL_REST_MS,
    );
  }
}

/** The action of a wheel event over a chart that can be zoomed. A pinch on a touchpad arrives as a wheel event with Ctrl. */
export function wheelAction(
  event: Pick<WheelEvent, 'ctrlKey' | 'metaKey' | 'shiftKey' | 'deltaX' | 'deltaY'>,
): 'zoom' | 'pan' | 'scroll' {
  if (event.ctrlKey || event.metaKey) return 'zoom';
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return 'pan';
  return 'scroll';
}

function limits(chart: uPlot): { min: number; max: number } {
  const { min, max } = chart.scales.x!;
  return { min: min!, max: max! };
}
