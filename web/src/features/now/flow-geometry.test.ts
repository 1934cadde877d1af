import { describe, expect, it } from 'vitest';
import { flowGeometry, flowPath } from './flow-geometry.ts';

const LINES = [
  ['solar', 'load'],
  ['solar', 'battery'],
  ['solar', 'grid'],
  ['battery', 'load'],
  ['battery', 'grid'],
  ['grid', 'load'],
  ['grid', 'battery'],
  ['load', 'vehicle'],
] as const;

describe.each([320, 1200])('flow lines at %i px', (width) => {
  const geometry = flowGeometry(width);

  it.each(LINES)('lead from the rim of %s to the rim of %s', (from, to) => {
    const path = flowPath(geometry, from, to);
    const [start, end] = endsOf(path);
    expect(distance(start, geometry.nodes[from])).toBeCloseTo(geometry.radius, 6);
    expect(distance(end, geometry.nodes[to])).toBeCloseTo(geometry.radius, 6);
  });

  it('reverse when the battery supplies the grid', () => {
    expect(endsOf(flowPath(geometry, 'battery', 'grid'))).toEqual(
      endsOf(flowPath(geometry, 'grid', 'battery')).toReversed(),
    );
  });

  it('stay inside the picture', () => {
    for (const node of Object.values(geometry.nodes)) {
      expect(node.x).toBeGreaterThanOrEqual(geometry.radius);
      expect(node.x).toBeLessThanOrEqual(geometry.width - geometry.radius);
      expect(node.y).toBeLessThanOrEqual(geometry.height - geometry.radius);
    }
  });
});

type Place = { x: number; y: number };

function distance(a: Place, b: Place): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** First and last point of a path of M, H, V and Q commands. */
function endsOf(path: string): [Place, Place] {
  let at = { x: 0, y: 0 };
  let start: Place | undefined;
  for (const [, command, numbers] of path.matchAll(/([MHVQ])([^MHVQ]+)/g)) {
    const values = numbers!.trim().split(/[ ,]+/).map(Number);
    if (command === 'H') at = { x: values[0]!, y: at.y };
    else if (command === 'V') at = { x: at.x, y: values[0]! };
    else at = { x: values.at(-2)!, y: values.at(-1)! };
    start ??= at;
  }
  return [start!, at];
}
