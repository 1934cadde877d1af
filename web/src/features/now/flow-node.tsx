import type { LucideIcon } from 'lucide-react';
import type { Quantity } from '../../ui/format.ts';
import styles from './flow.module.css';
import type { Point } from './flow-geometry.ts';

export interface RingPart {
  /** Filled share of the ring, 0–1. */
  readonly share: number;
  readonly colour: string;
}

interface FlowNodeProps {
  readonly at: Point;
  readonly radius: number;
  readonly icon: LucideIcon;
  readonly colour: string;
  readonly quantity: Quantity;
  readonly label: string;
  /** A short state under the label, such as "charging"; may be empty. */
  readonly state: string;
  readonly ring: readonly RingPart[];
  /** Position of the label, chosen so that it covers no line and no other node. */
  readonly labelAt: 'below' | 'left' | 'right';
}

const RING_PX = 3.5;
/** Sizes relative to the node's radius. */
const ICON = 0.38;
const VALUE = 0.4;
const ANCHORS = { below: 'middle', left: 'end', right: 'start' } as const;

/** One node of the flow picture: icon and power inside a ring, name and state next to it. */
export function FlowNode(props: FlowNodeProps) {
  const { at, radius, icon: Icon, colour, quantity, label, state, ring, labelAt } = props;
  const beside = { below: 0, left: -radius - 12, right: radius + 12 }[labelAt];
  const labelY = labelAt === 'below' ? at.y + radius + 20 : at.y - 2;
  const icon = ICON * radius;
  return (
    <g>
      <circle cx={at.x} cy={at.y} r={radius} className={styles.disc} />
      <Ring at={at} radius={radius} parts={ring} />
      <Icon
        x={at.x - icon / 2}
        y={at.y - radius * 0.68}
        width={icon}
        height={icon}
        strokeWidth={1.75}
        style={{ color: colour }}
      />
      <text x={at.x} y={at.y + radius * 0.2} fontSize={VALUE * radius} className={styles.value}>
        {quantity.value}
      </text>
      <text x={at.x} y={at.y + radius * 0.52} className={styles.unit}>
        {quantity.unit}
      </text>
      <g textAnchor={ANCHORS[labelAt]}>
        <text x={at.x + beside} y={labelY} className={styles.label}>
          {label}
        </text>
        <text x={at.x + beside} y={labelY + 16} className={styles.state}>
          {state}
        </text>
      </g>
    </g>
  );
}

function Ring({
  at,
  radius,
  parts,
}: {
  readonly at: Point;
  readonly radius: number;
  readonly parts: readonly RingPart[];
}) {
  const length = 2 * Math.PI * radius;
  let before = 0;
  return (
    <g transform={`rotate(-90 ${at.x} ${at.y})`} strokeWidth={RING_PX} fill="none">
      {parts.map(({ share, colour }) => {
        const offset = before;
        before += share;
        return (
          <circle
            key={colour}
            cx={at.x}
            cy={at.y}
            r={radius}
            style={{ stroke: colour }}
            strokeDasharray={`${share * length} ${length}`}
            strokeDashoffset={-offset * length}
          />
        );
      })}
    </g>
  );
}
