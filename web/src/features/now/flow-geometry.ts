import type { FlowEnd } from '../../data/site-power.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface FlowGeometry {
  readonly width: number;
  readonly height: number;
  readonly radius: number;
  readonly nodes: Readonly<Record<FlowEnd, Point>>;
}

const WIDE: FlowGeometry = {
  width: 760,
  height: 470,
  radius: 58,
  nodes: {
    solar: { x: 380, y: 78 },
    grid: { x: 92, y: 220 },
    load: { x: 668, y: 220 },
    battery: { x: 380, y: 370 },
    vehicle: { x: 668, y: 390 },
  },
};

const NARROW: FlowGeometry = {
  width: 360,
  height: 430,
  radius: 46,
  nodes: {
    solar: { x: 180, y: 56 },
    grid: { x: 54, y: 194 },
    load: { x: 306, y: 194 },
    battery: { x: 180, y: 344 },
    vehicle: { x: 306, y: 344 },
  },
};

/** Positions of the nodes for a width, CSS pixels. */
export function flowGeometry(widthPx: number): FlowGeometry {
  return widthPx < 560 ? NARROW : WIDE;
}

/** Distance of parallel lines through the centre. */
const LANE = 11;
const BEND = 22;

/**
 * The line from one node to another as an SVG path, from rim to rim. Lines through the centre run in parallel lanes,
 * so that each keeps its own colour and direction.
 */
export function flowPath({ nodes, radius }: FlowGeometry, from: FlowEnd, to: FlowEnd): string {
  const lane = LANES[`${from}-${to}`];
  const a = nodes[from];
  const b = nodes[to];
  if (lane === undefined) {
    // Vertical or horizontal.
    if (a.x === b.x) return `M${a.x} ${rim(a.y, b.y, radius)}V${rim(b.y, a.y, radius)}`;
    return `M${rim(a.x, b.x, radius)} ${a.y}H${rim(b.x, a.x, radius)}`;
  }
  const vertical = from === 'solar' || from === 'battery' ? a : b;
  const horizontal = vertical === a ? b : a;
  const x = vertical.x + lane.x * LANE;
  const y = horizontal.y + lane.y * LANE;
  const down = Math.sign(y - vertical.y);
  const side = Math.sign(horizontal.x - x);
  const bend = `V${y - down * BEND}Q${x} ${y} ${x + side * BEND} ${y}`;
  const start = `${x} ${vertical.y + down * Math.sqrt(radius ** 2 - (lane.x * LANE) ** 2)}`;
  const endX = horizontal.x - side * Math.sqrt(radius ** 2 - (lane.y * LANE) ** 2);
  if (vertical === a) return `M${start}${bend}H${endX}`;
  return `M${endX} ${y}H${x + side * BEND}Q${x} ${y} ${x} ${y - down * BEND}V${start.split(' ')[1]}`;
}

/** Lane of each line with a corner: horizontal offset of its vertical part, vertical offset of its horizontal part. */
const LANES: Readonly<Record<string, { x: number; y: number }>> = {
  'solar-load': { x: 1, y: -1 },
  'solar-grid': { x: -1, y: -1 },
  'battery-load': { x: 1, y: 1 },
  'battery-grid': { x: -1, y: 1 },
  'grid-battery': { x: -1, y: 1 },
};

function rim(at: number, towards: number, radius: number): number {
  return at + Math.sign(towards - at) * radius;
}
