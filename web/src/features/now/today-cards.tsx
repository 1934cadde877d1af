import type { EnergyTotals, SiteSummary } from '@wattkeeper/contract/analytics/energy.ts';
import { useFormat, useText } from '../../app-context.tsx';
import type { MessageKey } from '../../messages/lookup.ts';
import { plain } from '../../ui/format.ts';
import { Figure, Stat, Stats } from '../../ui/layout/figure.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Gauge } from './gauge.tsx';
import styles from './now.module.css';

const ENERGY_ROWS: readonly { key: keyof EnergyTotals; label: MessageKey; colour: string }[] = [
  { key: 'solar_kwh', label: 'energy.production', colour: 'var(--solar)' },
  { key: 'consumption_kwh', label: 'energy.consumption', colour: 'var(--load)' },
  { key: 'import_kwh', label: 'energy.import', colour: 'var(--import)' },
  { key: 'export_kwh', label: 'energy.export', colour: 'var(--export)' },
  { key: 'battery_charged_kwh', label: 'energy.battery_in', colour: 'var(--battery)' },
  { key: 'battery_discharged_kwh', label: 'energy.battery_out', colour: 'var(--battery)' },
  { key: 'vehicle_kwh', label: 'energy.vehicle', colour: 'var(--vehicle)' },
];

/** Today's energy, compared with yesterday up to the same time. */
export function EnergyCard({ summary }: { readonly summary: SiteSummary }) {
  const text = useText();
  const format = useFormat();
  const { today, yesterday_so_far: yesterday } = summary;
  const rows = ENERGY_ROWS.filter(({ key }) => today[key] !== null || (yesterday?.[key] ?? null) !== null);
  const max = Math.max(0.001, ...rows.flatMap(({ key }) => [today[key] ?? 0, yesterday?.[key] ?? 0]));
  return (
    <Panel title={text('now.energy_today')} note={yesterday ? text('now.tick_is_yesterday') : undefined}>
      <dl className={styles.rows}>
        {rows.map(({ key, label, colour }) => (
          <div key={key} className={styles.row}>
            <dt>{text(label)}</dt>
            <dd>
              <Figure quantity={format.energy(today[key])} />
              <span className={styles.before}>
                <span className="visually-hidden">{text('now.yesterday')}: </span>
                {plain(format.energy(yesterday?.[key]))}
              </span>
            </dd>
            <span className={styles.bar} aria-hidden="true">
              <span style={{ width: `${(100 * (today[key] ?? 0)) / max}%`, background: colour }} />
              {yesterday ? <i style={{ left: `${(100 * (yesterday[key] ?? 0)) / max}%` }} /> : null}
            </span>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

/** Today's cost so far. */
export function MoneyCard({ summary }: { readonly summary: SiteSummary }) {
  const text = useText();
  const format = useFormat();
  const { today, yesterday_so_far: yesterday, now } = summary;
  const parts: readonly [MessageKey, number | null][] = [
    ['money.cost', today.cost],
    ['money.revenue', today.revenue],
    ['money.fixed', today.fixed_cost],
  ];
  return (
    <Panel title={text('now.money_today')}>
      <Stats>
        <Stat
          label={text('money.net')}
          quantity={format.money(netOf(today))}
          size="xl"
          note={text('now.yesterday_was', { value: format.money(yesterday && netOf(yesterday)) })}
        />
      </Stats>
      <Stats>
        {parts.map(([label, amount]) =>
          amount === null ? null : <Stat key={label} label={text(label)} quantity={format.money(amount)} size="m" />,
        )}
        <Stat label={text('money.price_now')} quantity={format.price(now.import_price_per_kwh)} size="m" />
      </Stats>
    </Panel>
  );
}

/** Today's self-sufficiency; hidden for a site without solar and battery. */
export function IndependenceCard({ summary }: { readonly summary: SiteSummary }) {
  const text = useText();
  const format = useFormat();
  const { today, yesterday_so_far: yesterday } = summary;
  if (today.solar_kwh === null && today.battery_discharged_kwh === null) return null;
  const was = (value: string) => text('now.yesterday_was', { value });
  return (
    <Panel title={text('now.independence')}>
      <div className={styles.gauges}>
        <Gauge
          label={text('energy.self_sufficiency')}
          share={today.self_sufficiency}
          colour="var(--battery)"
          note={was(plain(format.share(yesterday?.self_sufficiency)))}
        />
        {today.solar_kwh === null ? null : (
          <Gauge
            label={text('energy.self_consumption')}
            share={today.self_consumption}
            colour="var(--solar)"
            note={was(plain(format.share(yesterday?.self_consumption)))}
          />
        )}
      </div>
    </Panel>
  );
}

/** CO₂ emissions of today's grid import. */
export function CarbonCard({ summary }: { readonly summary: SiteSummary }) {
  const text = useText();
  const format = useFormat();
  const { today, yesterday_so_far: yesterday } = summary;
  const perKwh = today.carbon_kg !== null && today.consumption_kwh ? today.carbon_kg / today.consumption_kwh : null;
  return (
    <Panel title={text('now.carbon_today')}>
      <Stats>
        <Stat
          label={text('energy.carbon')}
          quantity={format.mass(today.carbon_kg)}
          size="xl"
          note={text('now.yesterday_was', { value: plain(format.mass(yesterday?.carbon_kg)) })}
        />
        <Stat
          label={text('now.carbon_per_kwh')}
          quantity={perKwh === null ? '–' : { value: format.number(perKwh * 1000), unit: 'g/kWh' }}
          size="m"
        />
      </Stats>
    </Panel>
  );
}

/** Cost plus fixed charges minus revenue; null when the cost is unknown. */
function netOf(totals: EnergyTotals): number | null {
  if (totals.cost === null) return null;
  return totals.cost + (totals.fixed_cost ?? 0) - (totals.revenue ?? 0);
}
