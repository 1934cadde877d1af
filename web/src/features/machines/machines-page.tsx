import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useQueries, useText } from '../../app-context.tsx';
import { rangeAt } from '../../data/range.ts';
import { type RangeSearch, withRange } from '../../data/range-search.ts';
import { useSite } from '../../site-context.tsx';
import { RangePicker } from '../../ui/controls/range-picker.tsx';
import { EmptyNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { useRange } from '../../ui/hooks/use-range.ts';
import { PageBody, PageHead } from '../../ui/layout/page.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { CustomKpiPanel } from './custom-kpi-panel.tsx';
import { KpiTable } from './kpi-table.tsx';
import { DEFAULT_MACHINE_DAYS, MACHINE_DAYS } from './machines-search.ts';

/** Machines with their key figures. */
export function MachinesPage() {
  const text = useText();
  const site = useSite();
  const range = useSearch({ from: '/signed-in/machines' });
  const navigate = useNavigate({ from: '/machines' });
  const window = useRange(range, DEFAULT_MACHINE_DAYS);
  const show = (next: RangeSearch) => void navigate({ search: (old) => withRange(old, next) });
  const machines = useQuery(useQueries().machines(site.id));
  return (
    <PageBody>
      <PageHead title={text('machines.title')}>
        <RangePicker
          range={range}
          window={window}
          days={MACHINE_DAYS}
          defaultDays={DEFAULT_MACHINE_DAYS}
          onChange={show}
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
