import type { EnergyTotals } from '@wattkeeper/contract/analytics/energy.ts';
import { useFormat, useText } from '../../app-context.tsx';
import { WarningLine } from '../../ui/feedback/notice.tsx';
import { plain } from '../../ui/format.ts';
import { Stat, Stats } from '../../ui/layout/figure.tsx';
import { Panel } from '../../ui/layout/panel.tsx';

/** With a higher coverage, gaps are not mentioned. */
const WHOLE = 0.995;

interface TotalsPanelProps {
  readonly totals: EnergyTotals;
  readonly warnings: readonly string[];
}

/** Cost and energy of the period, the coverage of its readings, and the server's warnings. */
export function TotalsPanel({ totals, warnings }: TotalsPanelProps) {
  const text = useText();
  const format = useFormat();
  const covered = totals.coverage >= WHOLE ? format.share(1) : format.share(totals.coverage, 1);
  return (
    <Panel title={text('energy.totals')} note={text('energy.coverage', { share: plain(covered) })}>
      <Stats>
        <Stat label={text('money.net')} quantity={format.money(netCost(totals))} size="xl" />
        <Stat label={text('money.cost')} quantity={format.money(totals.cost)} />
        <Stat label={text('money.revenue')} quantity={format.money(totals.revenue)} />
        <Stat label={text('money.fixed')} quantity={format.money(totals.fixed_cost)} />
        {totals.demand_cost ? <Stat label={text('money.demand')} quantity={format.money(totals.demand_cost)} /> : null}
      </Stats>
      <Stats>
        <Stat label={text('energy.production')} quantity={format.energy(totals.solar_kwh)} />
        <Stat label={text('energy.consumption')} quantity={format.energy(totals.consumption_kwh)} />
        <Stat label={text('energy.import')} quantity={format.energy(totals.import_kwh)} />
        <Stat label={text('energy.export')} quantity={format.energy(totals.export_kwh)} />
        <Stat label={text('energy.battery_in')} quantity={format.energy(totals.battery_charged_kwh)} />
        <Stat label={text('energy.battery_out')} quantity={format.energy(totals.battery_discharged_kwh)} />
        <Stat label={text('energy.self_sufficiency')} quantity={format.share(totals.self_sufficiency)} />
        <Stat label={text('energy.self_consumption')} quantity={format.share(totals.self_consumption)} />
        <Stat label={text('energy.carbon')} quantity={format.mass(totals.carbon_kg)} />
      </Stats>
      {warnings.map((warning) => (
        <WarningLine key={warning}>{warning}</WarningLine>
      ))}
    </Panel>
  );
}

/** Total cost of the period; null when the energy price is unknown. */
function netCost({ cost, revenue, fixed_cost, demand_cost }: EnergyTotals): number | null {
  if (cost === null) return null;
  return cost + (fixed_cost ?? 0) + (demand_cost ?? 0) - (revenue ?? 0);
}
