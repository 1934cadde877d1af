import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { EnergyBalance } from '@wattkeeper/contract/energy.ts';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { dayOf, type Period, periodOf, resolutionOf, shiftPeriod } from '../../data/period.ts';
import { PERIOD_UNITS, type PeriodUnit } from '../../data/period-unit.ts';
import { useSite } from '../../site-context.tsx';
import { IconButton } from '../../ui/button.tsx';
import { Stat } from '../../ui/figure.tsx';
import { EmptyNote, WarningLine } from '../../ui/notice.tsx';
import { PageBody, PageHead } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { QueryView } from '../../ui/query-view.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import styles from './energy.module.css';
import { EnergyBars } from './energy-bars.tsx';
import { BandsPanel, FlowsPanel, SessionsPanel } from './energy-tables.tsx';

/** Energy, money and carbon of a day, week, month or year of the site's calendar. */
export function EnergyPage() {
  const text = useText();
  const format = useFormat();
  const site = useSite();
  const { unit = 'day', day = dayOf(Date.now(), site.timezone) } = useSearch({ from: '/signed-in/energy' });
  const navigate = useNavigate();
  const show = (search: { unit: PeriodUnit; day: string }) => void navigate({ to: '/energy', search });
  const period = periodOf(unit, day, site.timezone);
  const balance = useQuery(useQueries().balance(site.id, period, resolutionOf(unit)));
  const step = (steps: number) => show({ unit, day: shiftPeriod(unit, day, steps) });
  return (
    <PageBody>
      <PageHead
        title={text('nav.energy')}
        note={<p>{nameOf(period, unit, format.day(period.start), format.day(period.end - 1))}</p>}
      >
        <Segmented
          label={text('energy.period')}
          options={PERIOD_UNITS.map((value) => ({ value, label: text(`energy.${value}`) }))}
          value={unit}
          onChange={(value) => show({ unit: value, day })}
        />
        <IconButton icon={ChevronLeft} label={text('energy.earlier')} onClick={() => step(-1)} />
        <IconButton
          icon={ChevronRight}
          label={text('energy.later')}
          disabled={period.end > Date.now()}
          onClick={() => step(1)}
        />
      </PageHead>
      <QueryView query={balance} height="24rem">
        {(data) => <Balance balance={data} unit={unit} />}
      </QueryView>
      <SessionsPanel
        siteId={site.id}
        firstDay={dayOf(period.start, site.timezone)}
        lastDay={dayOf(period.end - 1, site.timezone)}
      />
    </PageBody>
  );
}

function nameOf(period: Period, unit: PeriodUnit, first: string, last: string): string {
  return unit === 'day' || period.end - period.start < 90_000_000 ? first : `${first} – ${last}`;
}

function Balance({ balance, unit }: { readonly balance: EnergyBalance; readonly unit: PeriodUnit }) {
  const text = useText();
  const format = useFormat();
  const { totals, warnings } = balance;
  if (totals.coverage === 0) return <EmptyNote title={text('energy.none')}>{warnings.join(' ')}</EmptyNote>;
  const share = format.share(totals.coverage, totals.coverage > 0.99 ? 1 : 0);
  return (
    <>
      <Panel title={text('energy.totals')} note={text('energy.coverage', { share: `${share.value} ${share.unit}` })}>
        <dl className={styles.totals}>
          <Stat label={text('energy.production')} quantity={format.energy(totals.solar_kwh)} />
          <Stat label={text('energy.consumption')} quantity={format.energy(totals.consumption_kwh)} />
          <Stat label={text('energy.import')} quantity={format.energy(totals.import_kwh)} />
          <Stat label={text('energy.export')} quantity={format.energy(totals.export_kwh)} />
          <Stat label={text('energy.self_sufficiency')} quantity={format.share(totals.self_sufficiency)} />
          <Stat label={text('energy.self_consumption')} quantity={format.share(totals.self_consumption)} />
          <Stat label={text('money.cost')} quantity={format.money(totals.cost)} />
          <Stat label={text('money.revenue')} quantity={format.money(totals.revenue)} />
          <Stat label={text('money.fixed')} quantity={format.money(totals.fixed_cost)} />
          <Stat label={text('energy.carbon')} quantity={format.mass(totals.carbon_kg)} />
        </dl>
        {warnings.map((warning) => (
          <WarningLine key={warning}>{warning}</WarningLine>
        ))}
      </Panel>
      <EnergyBars periods={balance.periods} unit={unit} />
      <div className={styles.columns}>
        <FlowsPanel flows={balance.flows} />
        <BandsPanel bands={balance.cost_by_band} />
      </div>
    </>
  );
}
