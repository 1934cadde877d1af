import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { EnergyBalance } from '@wattkeeper/contract/analytics/energy.ts';
import type { ReactNode } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { dayOf, type Period, periodOf, resolutionOf, shiftPeriod } from '../../data/period.ts';
import { PERIOD_UNITS, type PeriodUnit } from '../../data/period-unit.ts';
import type { Text } from '../../messages/lookup.ts';
import { useSite } from '../../site-context.tsx';
import { NewestButton } from '../../ui/controls/newest-button.tsx';
import { Segmented } from '../../ui/controls/segmented.tsx';
import { StepButtons } from '../../ui/controls/step-buttons.tsx';
import { EmptyNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import type { Formatter } from '../../ui/format.ts';
import { PageBody, PageHead } from '../../ui/layout/page.tsx';
import type { ChartKind } from './bars-option.ts';
import styles from './energy.module.css';
import { EnergyBars } from './energy-bars.tsx';
import type { EnergySearch } from './energy-search.ts';
import { BandsPanel, SessionsPanel } from './energy-tables.tsx';
import { FlowsPanel } from './flows-panel.tsx';
import { TariffPanel } from './tariff-panel.tsx';
import { TotalsPanel } from './totals-panel.tsx';

/** Energy, cost and CO₂ of a day, week, month or year of the site's calendar. */
export function EnergyPage() {
  const text = useText();
  const format = useFormat();
  const site = useSite();
  const search = useSearch({ from: '/signed-in/energy' });
  const { unit = 'day', day = dayOf(Date.now(), site.timezone), chart: kind = 'energy' } = search;
  const navigate = useNavigate();
  const show = (change: EnergySearch) => void navigate({ to: '/energy', search: { ...search, ...change } });
  const showKind = (next: ChartKind) => {
    const { chart: _, ...rest } = search;
    void navigate({ to: '/energy', search: next === 'money' ? { ...rest, chart: next } : rest, replace: true });
  };
  const period = periodOf(unit, day, site.timezone);
  const balance = useQuery(useQueries().balance(site.id, period, resolutionOf(unit)));
  const step = (steps: number) => show({ day: shiftPeriod(unit, day, steps) });
  return (
    <PageBody>
      <PageHead title={text('nav.energy')} note={<p className={styles.period}>{nameOf(period, format, text)}</p>}>
        <Segmented
          label={text('energy.period')}
          options={PERIOD_UNITS.map((value) => ({ value, label: text(`energy.${value}`) }))}
          value={unit}
          onChange={(value) => show({ unit: value })}
        />
        <StepButtons isLast={period.end > Date.now()} onStep={step} />
      </PageHead>
      <QueryView query={balance} height="24rem">
        {(data) => (
          <Balance
            balance={data}
            unit={unit}
            kind={kind}
            onKind={showKind}
            onDay={(instant) => show({ day: dayOf(instant, site.timezone) })}
          />
        )}
      </QueryView>
      <SessionsPanel siteId={site.id} firstDay={period.firstDay} lastDay={period.lastDay} />
      <TariffPanel site={site} window={period} />
    </PageBody>
  );
}

function nameOf({ unit, firstDay, start, end }: Period, format: Formatter, text: Text): string {
  if (unit === 'day') return format.day(start);
  if (unit === 'quarter') return text('period.quarter_of', quarterOf(firstDay));
  if (unit === 'week') return `${format.day(start)} – ${format.day(end - 1)}`;
  return format.date(start, unit === 'month' ? { month: 'long', year: 'numeric' } : { year: 'numeric' });
}

function quarterOf(firstDay: string): { number: string; year: string } {
  const [year, month] = firstDay.split('-') as [string, string];
  return { number: String((Number(month) + 2) / 3), year };
}

interface NoEnergyProps {
  /** Start of the period, epoch milliseconds. */
  readonly before: number;
  readonly onDay: (instant: number) => void;
  readonly children: ReactNode;
}

/** A period without data: the missing readings, and a link to the newest data. */
function NoEnergy({ before, onDay, children }: NoEnergyProps) {
  const text = useText();
  const latest = useQuery({ ...useQueries().latest(useSite().id), refetchInterval: false });
  const times = latest.data?.items.flatMap(({ values }) => Object.values(values).map(({ timestamp }) => timestamp));
  const newest = Math.max(...(times ?? []).map(Date.parse));
  return (
    <EmptyNote title={text('energy.none')}>
      <p>{text('energy.none_hint')}</p>
      {newest < before && Number.isFinite(newest) ? <NewestButton at={newest} onGo={() => onDay(newest)} /> : children}
    </EmptyNote>
  );
}

interface BalanceProps {
  readonly balance: EnergyBalance;
  readonly unit: PeriodUnit;
  readonly kind: ChartKind;
  readonly onKind: (kind: ChartKind) => void;
  /** Shows the period that contains an instant. */
  readonly onDay: (instant: number) => void;
}

function Balance({ balance, unit, kind, onKind, onDay }: BalanceProps) {
  const { totals, warnings } = balance;
  if (totals.coverage === 0) {
    return (
      <NoEnergy before={Date.parse(balance.time_period.start)} onDay={onDay}>
        {warnings.map((warning) => (
          <p key={warning}>{warning}</p>
        ))}
      </NoEnergy>
    );
  }
  return (
    <>
      <TotalsPanel totals={totals} warnings={warnings} />
      <EnergyBars periods={balance.periods} unit={unit} kind={kind} onKind={onKind} />
      <div className={styles.columns}>
        <FlowsPanel flows={balance.flows} totals={totals} />
        <BandsPanel bands={balance.cost_by_band} />
      </div>
    </>
  );
}
