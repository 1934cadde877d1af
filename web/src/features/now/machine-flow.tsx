import { UtilityPole } from 'lucide-react';
import { useFormat, useText } from '../../app-context.tsx';
import type { SitePower } from '../../data/site-power.ts';
import { Figure } from '../../ui/layout/figure.tsx';
import styles from './flow.module.css';
import { FlowLines } from './flow-lines.tsx';

/** Further consumers are summed as "others". */
const MAX_CONSUMERS = 12;
/** Unmetered power is shown from this share of the site's power. */
const MIN_REST_SHARE = 0.01;
const BRANCH_WIDTH = 28;
const ROW_HEIGHT = 40;

interface Row {
  readonly key: string;
  readonly name: string;
  readonly power: number;
}

/** A factory as a single-line diagram: the supply, and the machines and other consumers, the largest first. */
export function MachineFlow({ power }: { readonly power: SitePower }) {
  const text = useText();
  const format = useFormat();
  const rows = rowsOf(power, text('now.others'), text('now.unmetered'));
  const total = power.load ?? rows.reduce((sum, row) => sum + row.power, 0);
  const max = Math.max(...rows.map((row) => row.power), 0.001);
  return (
    <div>
      <p className={styles.intake}>
        <UtilityPole size={28} strokeWidth={1.5} aria-hidden="true" />
        <span>
          <Figure quantity={format.power(power.grid ?? total)} size="xl" /> {text('now.from_grid')}
        </span>
      </p>
      <ol className={styles.machines} aria-label={text('now.machines')}>
        {rows.map((row, index) => (
          <li key={row.key} className={styles.machine}>
            <Branch power={row.power} fullPower={max} last={index === rows.length - 1} />
            <span className={styles.machineName}>{row.name}</span>
            <span className={styles.bar} style={{ width: `${(100 * row.power) / max}%` }} />
            <span className={styles.machinePower}>
              <Figure quantity={format.power(row.power)} />
            </span>
            <span className={styles.machineShare}>
              <Figure quantity={format.share(total > 0 ? row.power / total : null)} />
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The busbar with a branch to one machine. */
function Branch({
  power,
  fullPower,
  last,
}: {
  readonly power: number;
  readonly fullPower: number;
  readonly last: boolean;
}) {
  const middle = ROW_HEIGHT / 2;
  const lines = [
    { id: 'branch', path: `M6 ${middle}H${BRANCH_WIDTH}`, colour: 'var(--import)', power: Math.max(power, 0) },
  ];
  return (
    <svg width={BRANCH_WIDTH} height={ROW_HEIGHT} className={styles.branch} aria-hidden="true">
      <path d={`M6 ${-middle}V${last ? middle : ROW_HEIGHT}`} className={styles.track} />
      <path d={`M6 ${middle}H${BRANCH_WIDTH}`} className={styles.track} />
      {power > 0 ? <FlowLines lines={lines} fullPower={fullPower} /> : null}
    </svg>
  );
}

function rowsOf(power: SitePower, others: string, unmetered: string): Row[] {
  const consumers = [...power.machines, ...power.otherConsumers].sort((a, b) => b.power - a.power);
  const shown = consumers.slice(0, MAX_CONSUMERS).map(({ deviceId, ...row }) => ({ key: deviceId, ...row }));
  const rest = consumers.slice(MAX_CONSUMERS).reduce((sum, one) => sum + one.power, 0);
  const metered = consumers.reduce((sum, one) => sum + one.power, 0);
  const gap = (power.load ?? 0) - metered;
  if (rest > 0) shown.push({ key: 'others', name: others, power: rest });
  if (gap > MIN_REST_SHARE * (power.load ?? 0)) shown.push({ key: 'unmetered', name: unmetered, power: gap });
  return shown;
}
