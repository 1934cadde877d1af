import { useQuery } from '@tanstack/react-query';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { useMemo } from 'react';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { ChartLegend } from '../../charts/chart-legend.tsx';
import { instantOverlay, priceOverlay } from '../../charts/overlays.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { dayWindow } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import { PriceScale } from '../../ui/controls/price-scale.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { useNow } from '../../ui/hooks/use-now.ts';
import { Panel } from '../../ui/layout/panel.tsx';
import { useSitePrices } from '../../use-site-prices.ts';
import { CURVE_METRICS, curveFrame } from './curve-frame.ts';

const STEP_MS = MINUTE_MS;
const HEIGHT_PX = 260;

/** Today's power, with the known prices of a kWh. */
export function PowerCurve() {
  const text = useText();
  const format = useFormat();
  const site = useSite();
  const now = useNow(STEP_MS);
  const day = useMemo(() => dayWindow(now, site.timezone), [now, site.timezone]);
  const queries = useQueries();
  const query = useQuery({
    ...queries.telemetry({
      siteId: site.id,
      metrics: CURVE_METRICS,
      start: day.start,
      end: day.end,
      bucket: '5m',
      aggregate: ['mean'],
    }),
    refetchInterval: STEP_MS,
  });
  const devices = useQuery(queries.devices(site.id));
  const { prices, range } = useSitePrices(site, day);
  const overlays = useMemo(
    () => [...(range ? [priceOverlay(prices, range)] : []), instantOverlay(now)],
    [prices, range, now],
  );
  return (
    <Panel title={text('now.curve')} note={format.date(day.start, { weekday: 'long', day: 'numeric', month: 'long' })}>
      <QueryView query={query} height={`${HEIGHT_PX}px`}>
        {(answer) => {
          const { frame, shown } = curveFrame(answer, devices.data ?? []);
          const series = shown.map(({ key, label, colour, filled }) => ({
            key,
            label: text(label),
            colour,
            unit: 'kW',
            filled,
          }));
          return (
            <>
              <ChartLegend series={series} />
              <TimeChart
                label={text('now.curve_label')}
                window={day}
                frame={frame}
                series={series}
                height={HEIGHT_PX}
                overlays={overlays}
              />
              {range && prices.length > 0 ? <PriceScale range={range} /> : null}
            </>
          );
        }}
      </QueryView>
    </Panel>
  );
}
