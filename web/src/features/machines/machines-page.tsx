import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useQueries, useText } from '../../app-context.tsx';
import { rangeAt } from '../../data/range.ts';
import { type RangeSearch, withRange } from '../../data/range-search.ts';
import { useSite } from '../../site-context.tsx';
import { EmptyNote } from '../../ui/notice.tsx';
import { PageBody, PageHead } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { QueryView } from '../../ui/query-view.tsx';
import { RangePicker } from '../../ui/range-picker.tsx';
import { useRange } from '../../ui/use-range.ts';
import { CustomKpiPanel } from './custom-kpi-panel.tsx';
import { KpiTable } from './kpi-table.tsx';
import { MACHINE_DAYS, USUAL_MACHINE_DAYS } from './machines-search.ts';

/** Machines with their key figures. */
export function MachinesPage() {
  const text = useText();
  const site = useSite();
  const range = useSearch({ from: '/signed-in/machines' });
  const navigate = useNavigate({ from: '/machines' });
  const window = useRange(range, USUAL_MACHINE_DAYS);
  const show = (next: RangeSearch) => void navigate({ search: (old) => withRange(old, next) });
  const machines = useQuery(useQueries().machines(site.id));
  return (
    <PageBody>
      <PageHead title={text('machines.title')}>
        <RangePicker range={range} window={window} days={MACHINE_DAYS} usualDays={USUAL_MACHINE_DAYS} onChange={show} />
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
              <KpiTable
                machines={all}
                window={window}
                onNewest={(at) => show(rangeAt(range, window, site.timezone, at))}
              />
              <CustomKpiPanel machines={all} window={window} />
            </>
          );
        }}
      </QueryView>
    </PageBody>
  );
}
