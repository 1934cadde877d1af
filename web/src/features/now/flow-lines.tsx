import { useEffect, useRef } from 'react';
import { useReducedMotion } from '../../app-context.tsx';
import styles from './flow.module.css';

export interface FlowLine {
  readonly id: string;
  readonly path: string;
  readonly colour: string;
  readonly power: number;
}

interface FlowLinesProps {
  readonly lines: readonly FlowLine[];
  /** Power in kW that has the thickest line and the fastest dots. */
  readonly fullPower: number;
}

const MIN_SPEED_PX_S = 12;
const SPEED_SPAN_PX_S = 88;
const MIN_WIDTH_PX = 2;
const WIDTH_SPAN_PX = 5;
const DOT_GAP_PX = 22;

/**
 * Energy flows, with line width and speed by power. One animation loop outside React moves the dots, because
 * a CSS animation jumps when its duration changes.
 */
export function FlowLines({ lines, fullPower }: FlowLinesProps) {
  const still = useReducedMotion();
  const dots = useRef(new Map<string, SVGPathElement>());
  const speeds = useRef(new Map<string, number>());
  useEffect(() => {
    speeds.current = new Map(lines.map(({ id, power }) => [id, MIN_SPEED_PX_S + SPEED_SPAN_PX_S * part(power)]));
    function part(power: number): number {
      return Math.min(1, power / fullPower);
    }
  }, [lines, fullPower]);
  useEffect(() => (still ? undefined : moveDots(dots.current, speeds)), [still]);
  return (
    <g>
      {lines.map(({ id, path, colour, power }) => {
        const width = MIN_WIDTH_PX + WIDTH_SPAN_PX * Math.sqrt(Math.min(1, power / fullPower));
        return (
          <g key={id} style={{ stroke: colour }} className={styles.flow}>
            <path d={path} strokeWidth={width} className={styles.trace} />
            <path
              ref={(element) => void (element ? dots.current.set(id, element) : dots.current.delete(id))}
              d={path}
              strokeWidth={width + 1.5}
              strokeDasharray={`0 ${DOT_GAP_PX}`}
            />
          </g>
        );
      })}
    </g>
  );
}

function moveDots(dots: Map<string, SVGPathElement>, speeds: { current: Map<string, number> }): () => void {
  const offsets = new Map<string, number>();
  let last = performance.now();
  let frame = requestAnimationFrame(step);
  return () => cancelAnimationFrame(frame);

  function step(now: number): void {
    // Dots must not jump when a page returns from the background.
    const seconds = Math.min(0.1, (now - last) / 1000);
    last = now;
    for (const [id, element] of dots) {
      const offset = ((offsets.get(id) ?? 0) - seconds * (speeds.current.get(id) ?? 0)) % DOT_GAP_PX;
      offsets.set(id, offset);
      element.style.strokeDashoffset = String(offset);
    }
    frame = requestAnimationFrame(step);
  }
}
