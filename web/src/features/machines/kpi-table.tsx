import { useQueries as useManyQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { BaselineModel } from '@wattkeeper/contract/analytics/baseline.ts';
import type { AllKpis } from '@wattkeeper/contract/analytics/kpi.ts';
import type { Device } from '@wattkeeper/contract/device.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { EmptyPeriod } from '../../ui/feedback/empty-period.tsx';
import { messageOf, WarningLine } from '../../ui/feedback/notice.tsx';
import type { Quantity } from '../../ui/format.ts';
import { Panel } from '../../ui/layout/panel.tsx';
import { Sparkline } from '../../ui/layout/sparkline.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './machines.module.css';
import { readMachinesSearch } from './machines-search.ts';

interface KpiTableProps {
  readonly machines: readonly Device[];
  readonly window: Window;
  readonly onNewest: (at: number) => void;
}

const COLUMNS = ['sec', 'peak', 'load_factor', 'cost', 'demand_charge', 'carbon'] as const;

/** One row per machine, with a link to its baseline. */
export function KpiTable({ machines, window, onNewest }: KpiTableProps) {
  const text = useText();
  const queries = useQueries();
  const kpis = useManyQueries({ queries: machines.map(({ id }) => queries.kpis(id, window)) });
  const models = useManyQueries({ queries: machines.map(({ id }) => queries.baselines(id)) });
  const hasDemandCharge = kpis.some(({ data }) => (data?.kpis.energy_cost.demand_charge ?? 0) > 0);
  const head = [
    text('machines.machine'),
    ...COLUMNS.filter((key) => key !== 'demand_charge' || hasDemandCharge).map((key) => ({
      label: text(`machines.${key}`),
      numeric: true,
    })),
    text('machines.course'),
    text('machines.baseline'),
  ];
  const courses = useCourses(machines, window);
  if (kpis.length > 0 && kpis.every(({ data }) => data?.coverage === 0)) {
    return (
      <Panel title={text('machines.figures')}>
        <EmptyPeriod deviceIds={machines.map(({ id }) => id)} onGo={onNewest} />
      </Panel>
    );
  }
  const failed = kpis.find(({ error }) => error !== null)?.error;
  return (
    <Panel title={text('machines.figures')}>
      {failed ? <WarningLine>{messageOf(failed)}</WarningLine> : null}
      <Table caption={text('machines.figures')} head={head}>
        {machines.map((machine, i) => (
          <KpiRow
            key={machine.id}
            machine={machine}
            of={kpis[i]?.data?.kpis}
            hasDemandCharge={hasDemandCharge}
            active={models[i]?.data?.find(({ is_active }) => is_active)}
            course={courses.get(machine.id)}
          />
        ))}
      </Table>
    </Panel>
  );
}

interface KpiRowProps extends BaselineLinkProps {
  readonly of: AllKpis['kpis'] | undefined;
  readonly hasDemandCharge: boolean;
  readonly course: readonly number[] | undefined;
}

function KpiRow({ machine, of, hasDemandCharge, active, course }: KpiRowProps) {
  const text = useText();
  const format = useFormat();
  const sec = of?.sec.value;
  return (
    <tr>
      <th scope="row">
        <Link
          to="/machines/$machine"
          params={{ machine: machine.id }}
          search={readMachinesSearch}
          className={styles.machine}
        >
          {machine.name}
        </Link>
      </th>
      <td data-numeric title={of?.sec.reason ?? undefined}>
        {sec === null || sec === undefined
          ? '–'
          : `${format.number(sec, sec < 10 ? 3 : 1)} ${text('machines.sec_unit')}`}
      </td>
      <td data-numeric title={of?.peak_demand.reason ?? undefined}>
        {joined(format.power(of?.peak_demand.value))}
      </td>
      <td data-numeric title={of?.load_factor.reason ?? undefined}>
        {joined(format.share(of?.load_factor.value))}
      </td>
      <td data-numeric title={of?.energy_cost.reason ?? undefined}>
        {of?.energy_cost.value === null || of === undefined ? '–' : format.money(of.energy_cost.value)}
      </td>
      {hasDemandCharge ? (
        <td data-numeric title={text('machines.demand_charge_note')}>
          {of ? format.money(of.energy_cost.demand_charge) : '–'}
        </td>
      ) : null}
      <td data-numeric title={of?.carbon.reason ?? undefined}>
        {joined(format.mass(of?.carbon.value))}
      </td>
      <td>
        <Course name={machine.name} values={course} />
      </td>
      <td>
        <BaselineLink machine={machine} active={active} />
      </td>
    </tr>
  );
}

function Course({ name, values }: { readonly name: string; readonly values: readonly number[] | undefined }) {
  const text = useText();
  return (
    <div className={styles.course}>
      {values ? <Sparkline values={values} label={text('machines.course_of', { name })} /> : null}
    </div>
  );
}

interface BaselineLinkProps {
  readonly machine: Device;
  readonly active: BaselineModel | undefined;
}

function BaselineLink({ machine, active }: BaselineLinkProps) {
  const text = useText();
  const format = useFormat();
  return (
    <Link to="/baseline" search={{ machines: machine.id }} className={styles.machine}>
      {active
        ? text('machines.version', { version: String(active.model_version), r2: format.number(active.r_squared, 2) })
        : text('machines.train')}
    </Link>
  );
}

/** Longer windows are shown by days instead of hours. */
const HOURS_MS = 2 * UTC_DAY_MS;

/** Mean power by hour or day per machine id; unknown means count as zero. */
function useCourses(machines: readonly Device[], window: Window): ReadonlyMap<string, number[]> {
  const request = {
    ...window,
    deviceIds: machines.map(({ id }) => id),
    metrics: ['energy.power_kw'],
    bucket: window.end - window.start <= HOURS_MS ? ('1h' as const) : ('1d' as const),
    aggregate: ['mean' as const],
  };
  const { data } = useQuery(useQueries().telemetry(request));
  return new Map(data?.series.map(({ device_id: id, mean }) => [id, (mean ?? []).map((kw) => Math.max(kw ?? 0, 0))]));
}

function joined({ value, unit }: Quantity): string {
  return unit ? `${value} ${unit}` : value;
}
