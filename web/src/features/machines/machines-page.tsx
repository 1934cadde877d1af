import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useQueries, useText } from '../../app-context.tsx';
import { useSite } from '../../site-context.tsx';
import { EmptyNote } from '../../ui/notice.tsx';
import { PageBody, PageHead } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { QueryView } from '../../ui/query-view.tsx';
import { useNow } from '../../ui/use-now.ts';
import { CustomKpiPanel } from './custom-kpi-panel.tsx';
import { KpiTable } from './kpi-table.tsx';
import { MachinePeriod } from './machine-period.tsx';
import { type MachineDays, machineWindow } from './machines-search.ts';

const HOUR_MS = 3_600_000;

/** Machines with their key figures. */
export function MachinesPage() {
  const text = useText();
  const site = useSite();
  const search = useSearch({ from: '/signed-in/machines' });
  const navigate = useNavigate({ from: '/machines' });
  const days: MachineDays = search.days ?? 7;
  const now = useNow(HOUR_MS);
  const window = useMemo(() => machineWindow(days, now), [now, days]);
  const machines = useQuery(useQueries().machines(site.id));
  return (
    <PageBody>
      <PageHead title={text('machines.title')}>
        <MachinePeriod
          days={days}
          onChange={(value) => void navigate({ search: (old) => ({ ...old, days: value }) })}
        />
      </PageHead>
      <QueryView query={machines} height="20rem">
        {(all) => {
          if (all.length === 0) {
            return (
              <Panel title={text('machines.figures')}>
                <EmptyNote title={text('machines.none')}>{text('machines.none_hint')}</EmptyNote>
              </Panel>
            );
          }
          return (
            <>
              <KpiTable machines={all} window={window} />
              <CustomKpiPanel machines={all} window={window} />
            </>
          );
        }}
      </QueryView>
    </PageBody>
  );
}
