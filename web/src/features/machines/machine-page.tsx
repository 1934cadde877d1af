import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import type { Device } from '@wattkeeper/contract/device.ts';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { rangeAt } from '../../data/range.ts';
import { type RangeSearch, withRange } from '../../data/range-search.ts';
import { useSite } from '../../site-context.tsx';
import { RangePicker } from '../../ui/controls/range-picker.tsx';
import { EmptyPeriod } from '../../ui/feedback/empty-period.tsx';
import { EmptyNote, WarningLine } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { useRange } from '../../ui/hooks/use-range.ts';
import { Stat, Stats } from '../../ui/layout/figure.tsx';
import { PageBody, PageHead } from '../../ui/layout/page.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { AnomalyTable } from '../anomalies/anomaly-table.tsx';
import styles from './machines.module.css';
import { DEFAULT_MACHINE_DAYS, MACHINE_DAYS } from './machines-search.ts';
import { PowerPanel } from './power-panel.tsx';

/** One machine: key figures, power with anomalies, and links. */
export function MachinePage() {
  const text = useText();
  const site = useSite();
  const { machine: id } = useParams({ from: '/signed-in/machines/$machine' });
  const range = useSearch({ from: '/signed-in/machines/$machine' });
  const navigate = useNavigate({ from: '/machines/$machine' });
  const window = useRange(range, DEFAULT_MACHINE_DAYS);
  const show = (next: RangeSearch) => void navigate({ search: (old) => withRange(old, next) });
  const machines = useQuery(useQueries().machines(site.id));
  const machine = machines.data?.find((one) => one.id === id);
  return (
    <PageBody>
      <PageHead title={machine?.name ?? text('machines.machine')}>
        <RangePicker
          range={range}
          window={window}
          days={MACHINE_DAYS}
          defaultDays={DEFAULT_MACHINE_DAYS}
          onChange={show}
        />
      </PageHead>
      <QueryView query={machines} height="20rem">
        {() =>
          machine ? (
            <Machine
              machine={machine}
              window={window}
              onNewest={(at) => show(rangeAt(range, window, site.timezone, at))}
            />
          ) : (
            <Panel title={text('machines.machine')}>
              <EmptyNote title={text('machines.unknown')}>
                <Link to="/machines" className={styles.machine}>
                  {text('machines.back')}
                </Link>
              </EmptyNote>
            </Panel>
          )
        }
      </QueryView>
    </PageBody>
  );
}

interface MachineProps {
  readonly machine: Device;
  readonly window: Window;
}

function Machine({ machine, window, onNewest }: MachineProps & { readonly onNewest: (at: number) => void }) {
  const text = useText();
  const site = useSite();
  const navigate = useNavigate();
  const [start, end] = [new Date(window.start).toISOString(), new Date(window.end).toISOString()];
  const anomalies = useQuery(useQueries().anomalies({ site_id: site.id, machine_id: machine.id, start, end }));
  const isEmpty = useQuery(useQueries().kpis(machine.id, window)).data?.coverage === 0;
  return (
    <>
      <Figures machine={machine} window={window} />
      {isEmpty ? (
        <Panel title={text('machines.power')}>
          <EmptyPeriod deviceIds={[machine.id]} onGo={onNewest} />
        </Panel>
      ) : (
        <PowerPanel machine={machine} window={window} anomalies={anomalies.data ?? []} />
      )}
      <Panel title={text('machines.anomalies')}>
        <QueryView query={anomalies} height="6rem">
          {(all) =>
            all.length === 0 ? (
              <p className={styles.quiet}>{text('anomalies.none')}</p>
            ) : (
              <AnomalyTable
                anomalies={all}
                onOpen={(event) => void navigate({ to: '/anomalies', search: { machine: machine.id, event } })}
              />
            )
          }
        </QueryView>
      </Panel>
      <CustomFigures machine={machine} window={window} />
    </>
  );
}

function Figures({ machine, window }: MachineProps) {
  const text = useText();
  const format = useFormat();
  const query = useQuery(useQueries().kpis(machine.id, window));
  const models = useQuery(useQueries().baselines(machine.id));
  const active = models.data?.find(({ is_active: isActive }) => isActive);
  const ways = (
    <nav className={styles.ways} aria-label={text('machines.ways')}>
      <Link to="/baseline" search={{ machines: machine.id }} className={styles.machine}>
        {active
          ? text('machines.baseline_version', {
              version: String(active.model_version),
              r2: format.number(active.r_squared, 2),
            })
          : text('machines.train_baseline')}
      </Link>
      <Link to="/forecast" search={{ machine: machine.id }} className={styles.machine}>
        {text('nav.forecast')}
      </Link>
      <Link to="/anomalies" search={{ machine: machine.id }} className={styles.machine}>
        {text('nav.anomalies')}
      </Link>
    </nav>
  );
  return (
    <Panel title={text('machines.figures')} actions={ways}>
      <QueryView query={query} height="6rem">
        {({ kpis, warnings }) => (
          <>
            {warnings.map((warning) => (
              <WarningLine key={warning}>{warning}</WarningLine>
            ))}
            <Stats>
              <Stat
                label={text('machines.sec')}
                quantity={
                  kpis.sec.value === null
                    ? '–'
                    : { value: format.figure(kpis.sec.value), unit: text('machines.sec_unit') }
                }
                note={kpis.sec.reason}
              />
              <Stat
                label={text('machines.peak')}
                quantity={format.power(kpis.peak_demand.value)}
                note={
                  kpis.peak_demand.timestamp === null
                    ? kpis.peak_demand.reason
                    : format.dateTime(Date.parse(kpis.peak_demand.timestamp))
                }
              />
              <Stat label={text('machines.load_factor')} quantity={format.share(kpis.load_factor.value)} />
              <Stat label={text('machines.cost')} quantity={format.money(kpis.energy_cost.value)} />
              {kpis.energy_cost.demand_charge ? (
                <Stat
                  label={text('machines.demand_charge')}
                  quantity={format.money(kpis.energy_cost.demand_charge)}
                  note={text('machines.demand_charge_note')}
                />
              ) : null}
              <Stat label={text('machines.carbon')} quantity={format.mass(kpis.carbon.value)} />
            </Stats>
          </>
        )}
      </QueryView>
    </Panel>
  );
}

/** Custom key figures, if any. */
function CustomFigures({ machine, window }: MachineProps) {
  const text = useText();
  const format = useFormat();
  const names = useQuery(useQueries().customKpis());
  const values = useQuery(useQueries().customKpiValues(machine.id, window));
  if (!names.data || names.data.length === 0) return null;
  const nameOf = (id: string) => names.data.find((one) => one.id === id)?.name ?? '';
  return (
    <Panel title={text('kpi.title')}>
      <QueryView query={values} height="6rem">
        {(all) => (
          <Stats>
            {all.map(({ id, value, unit, reason }) => (
              <Stat
                key={id}
                label={nameOf(id)}
                quantity={value === null ? '–' : { value: format.figure(value), unit: unit ?? '' }}
                note={reason}
              />
            ))}
          </Stats>
        )}
      </QueryView>
    </Panel>
  );
}
