import { useNavigate, useSearch } from '@tanstack/react-router';
import { ChartLine, Plus, Table2 } from 'lucide-react';
import { useRef, useState } from 'react';
import { useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { EmptyNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { useWidth } from '../../ui/hooks/use-width.ts';
import { PageBody, PageHead } from '../../ui/layout/page.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { ExportMenu } from './export-menu.tsx';
import { HistoryCharts } from './history-charts.tsx';
import { type HistoryView, readHistoryView, writeHistoryView } from './history-search.ts';
import { OverlayControls, RangeControls } from './range-controls.tsx';
import { seriesColours } from './series-choice.ts';
import { SeriesPicker } from './series-picker.tsx';
import { useHistoryWindow, useSeriesChoice } from './use-history.ts';

/** Fewer points look coarse; more than one per pixel are invisible. */
const MIN_POINTS = 300;

/** Any series on a shared time axis. The address contains the complete view. */
export function HistoryPage() {
  const text = useText();
  const navigate = useNavigate();
  const search = useSearch({ from: '/signed-in/history' });
  const view = readHistoryView(search);
  const [picking, setPicking] = useState(false);
  const { ref, width } = useWidth<HTMLDivElement>();
  const charts = useRef<HTMLDivElement>(null);
  const window = useHistoryWindow(view.range);
  const choice = useSeriesChoice(view);
  const show = (change: Partial<HistoryView>, replace = false) =>
    void navigate({ to: '/history', search: writeHistoryView({ ...view, ...change }), replace });
  const points = Math.max(MIN_POINTS, Math.round(width / 50) * 50);
  const colours = seriesColours(choice.chosen);
  return (
    <PageBody>
      <PageHead title={text('nav.history')}>
        <Button icon={Plus} kind="primary" onClick={() => setPicking(true)}>
          {text('history.choose')}
        </Button>
        <Button icon={Table2} aria-pressed={view.table} onClick={() => show({ table: !view.table }, true)}>
          {text('history.table')}
        </Button>
        <ExportMenu chosen={choice.chosen} window={window} points={points} charts={charts} />
      </PageHead>
      <RangeControls range={view.range} window={window} onRange={(range) => show({ range })} />
      <div ref={ref}>
        <Panel title={text('history.chart')} titleHidden actions={<OverlayControls view={view} onChange={show} />}>
          <QueryView query={choice.query} height="24rem">
            {() =>
              choice.chosen.length === 0 ? (
                <EmptyNote title={text('history.nothing_chosen')} icon={ChartLine}>
                  {text('history.nothing_chosen_hint')}
                </EmptyNote>
              ) : (
                <HistoryCharts
                  ref={charts}
                  view={view}
                  window={window}
                  points={points}
                  chosen={choice.chosen}
                  newestAt={choice.newestAt}
                  colours={colours}
                  onWindow={(range) => show({ range }, false)}
                  onRemove={(key) => show({ series: choice.chosen.filter((offer) => offer.key !== key) })}
                />
              )
            }
          </QueryView>
        </Panel>
      </div>
      <SeriesPicker
        open={picking}
        onClose={() => setPicking(false)}
        offers={choice.offers}
        chosen={choice.chosen}
        onChange={(series) => show({ series }, true)}
      />
    </PageBody>
  );
}
