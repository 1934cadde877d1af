import { useFormat } from '../../app-context.tsx';
import styles from './now.module.css';

interface GaugeProps {
  readonly label: string;
  /** 0–1; null when unknown. */
  readonly share: number | null;
  readonly colour: string;
  readonly note: string;
}

const RADIUS = 38;
const LENGTH = 2 * Math.PI * RADIUS;

/** A share as a ring with the number inside. */
export function Gauge({ label, share, colour, note }: GaugeProps) {
  const format = useFormat();
  const { value, unit } = format.share(share);
  return (
    <figure className={styles.gauge}>
      <svg viewBox="0 0 96 96" aria-hidden="true">
        <circle cx="48" cy="48" r={RADIUS} className={styles.gaugeTrack} />
        <circle
          cx="48"
          cy="48"
          r={RADIUS}
          transform="rotate(-90 48 48)"
          className={styles.gaugeArc}
          style={{ stroke: colour }}
          strokeDasharray={`${(share ?? 0) * LENGTH} ${LENGTH}`}
        />
        <text x="48" y="55" className={styles.gaugeValue}>
          {value}
          <tspan className={styles.gaugeUnit}>{unit ? ` ${unit}` : ''}</tspan>
        </text>
      </svg>
      <figcaption>
        <span className="visually-hidden">{`${value} ${unit} `}</span>
        {label}
        <span className={styles.before}>{note}</span>
      </figcaption>
    </figure>
  );
}
