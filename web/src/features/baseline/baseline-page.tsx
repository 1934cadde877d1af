import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { Device } from '@wattkeeper/contract/device.ts';
import { useQueries, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { rangeAt } from '../../data/range.ts';
import { type RangeSearch, withRange } from '../../data/range-search.ts';
import { useSite } from '../../site-context.tsx';
import { RangePicker } from '../../ui/controls/range-picker.tsx';
import { EmptyPeriod } from '../../ui/feedback/empty-period.tsx';
import { EmptyNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { useRange } from '../../ui/hooks/use-range.ts';
import { PageBody, PageHead } from '../../ui/layout/page.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { AdjustmentsPanel } from './adjustments-panel.tsx';
import { BASELINE_DAYS, type BaselineSearch, chosenMachines, DEFAULT_BASELINE_DAYS } from './baseline-search.ts';
import { ChartsPanel } from './charts-panel.tsx';
import { MachinePicker } from './machine-picker.tsx';
import { ModelPanel } from './model-panel.tsx';
import { TrainingPanel } from './training-panel.tsx';
import { VersionsPanel } from './versions-panel.tsx';

/** Baselines of machines and meters: training, diagnostics, versions, and comparison with the measured energy. */
export function BaselinePage() {
  const text = useText();
  const site = useSite();
  const search = useSearch({ from: '/signed-in/baseline' });
  const navigate = useNavigate({ from: '/baseline' });
  const change = (next: BaselineSearch) => void navigate({ search: (old) => ({ ...old, ...next }) });
  const window = useRange(search, DEFAULT_BASELINE_DAYS);
  const show = (range: RangeSearch) => void navigate({ search: (old) => withRange(old, range) });
  return (
    <PageBody>
      <PageHead title={text('baseline.title')}>
        <RangePicker
          range={search}
          window={window}
          days={BASELINE_DAYS}
          defaultDays={DEFAULT_BASELINE_DAYS}
          onChange={show}
        />
      </PageHead>
      <QueryView query={useQuery(useQueries().metered(site.id))} height="20rem">
        {(machines) => (
          <Machines
            machines={machines}
            search={search}
            window={window}
            onChange={change}
            onNewest={(at) => show(rangeAt(search, window, site.timezone, at))}
          />
        )}
      </QueryView>
    </PageBody>
  );
}

interface MachinesProps {
  readonly machines: readonly Device[];
  readonly search: BaselineSearch;
  readonly window: Window;
  readonly onChange: (next: BaselineSearch) => void;
  readonly onNewest: (at: number) => void;
}

function Machines({ machines, search, window, onChange, onNewest }: MachinesProps) {
  const text = useText();
  const wanted = chosenMachines(search);
  const chosen = wanted.flatMap((id) => machines.find((machine) => machine.id === id) ?? []);
  const all = chosen.length > 0 ? chosen : machines.slice(0, 1);
  const [inView] = all;
  const energy = useQuery({
    ...useQueries().kpis(inView?.id ?? '', window),
    enabled: inView !== undefined,
  });
  if (inView === undefined) {
    return (
      <Panel title={text('baseline.machines')}>
        <EmptyNote title={text('baseline.no_meter')}>{text('baseline.no_meter_hint')}</EmptyNote>
      </Panel>
    );
  }
  const choose = (ids: readonly string[]) => onChange({ machines: ids.join(','), model: '' });
  return (
    <>
      <MachinePicker machines={machines} chosen={all.map(({ id }) => id)} onChoose={choose} />
      {energy.data?.coverage === 0 ? (
        <Panel title={inView.name}>
          <EmptyPeriod deviceIds={[inView.id]} onGo={onNewest} />
        </Panel>
      ) : null}
      <TrainingPanel key={`train ${inView.id}`} machines={all} window={window} />
      <Baseline key={inView.id} machine={inView} search={search} window={window} onChange={onChange} />
    </>
  );
}

function Baseline({
  machine,
  search,
  window,
  onChange,
}: Omit<MachinesProps, 'machines' | 'onNewest'> & { readonly machine: Device }) {
  const text = useText();
  const models = useQuery(useQueries().baselines(machine.id));
  return (
    <QueryView query={models} height="20rem">
      {(versions) => {
        const shown =
          versions.find(({ model_id }) => model_id === search.model) ??
          versions.find(({ is_active }) => is_active) ??
          versions[0];
        if (shown === undefined) {
          return (
            <Panel title={text('baseline.of', { name: machine.name })}>
              <EmptyNote title={text('baseline.none')}>{text('baseline.none_hint')}</EmptyNote>
            </Panel>
          );
        }
        return (
          <>
            <ChartsPanel machine={machine} model={shown} window={window} />
            <ModelPanel model={shown} />
            <VersionsPanel
              machine={machine}
              versions={versions}
              shown={shown.model_id}
              window={window}
              onView={(model) => onChange({ model })}
            />
            <AdjustmentsPanel machine={machine} window={window} />
          </>
        );
      }}
    </QueryView>
  );
}
