import { getTelemetry } from '@wattkeeper/contract/endpoints/telemetry.ts';
import { Download, FileSpreadsheet, ImageDown, Table } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { RefObject } from 'react';
import { useFormat, useServices, useText } from '../../app-context.tsx';
import { usePalette } from '../../charts/use-palette.ts';
import type { Window } from '../../data/period.ts';
import { telemetryParams } from '../../data/queries.ts';
import { useSite } from '../../site-context.tsx';
import { buttonClass } from '../../ui/controls/button.tsx';
import menu from '../shell/menu.module.css';
import { chartsPng } from './charts-png.ts';
import { type SeriesOffer, seriesColours } from './series-choice.ts';

interface ExportMenuProps {
  readonly chosen: readonly SeriesOffer[];
  readonly window: Window;
  readonly points: number;
  readonly charts: RefObject<HTMLDivElement | null>;
}

/** Exports of the current view: values as CSV or Parquet, charts as PNG. */
export function ExportMenu({ chosen, window, points, charts }: ExportMenuProps) {
  const text = useText();
  const format = useFormat();
  const palette = usePalette();
  const site = useSite();
  const { api } = useServices();
  const href = (kind: 'csv' | 'parquet') =>
    api.url(getTelemetry, {
      query: {
        ...telemetryParams({
          ...window,
          deviceIds: [...new Set(chosen.map(({ deviceId }) => deviceId))],
          metrics: [...new Set(chosen.map(({ metric }) => metric))],
          bucket: 'auto',
          aggregate: ['mean', 'min', 'max'],
          pointsMax: points,
        }),
        format: kind,
      },
    });
  const picture = () => {
    const legend = seriesColours(chosen).map((colour, i) => ({
      colour: palette[colour],
      label: `${chosen[i]!.label} · ${chosen[i]!.deviceName}`,
    }));
    const title = `${site.name}, ${format.dateTime(window.start)} – ${format.dateTime(window.end)}`;
    if (charts.current) chartsPng(charts.current, { title, legend, palette });
  };
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className={buttonClass('plain')} disabled={chosen.length === 0}>
        <Download size={16} aria-hidden="true" />
        {text('export.label')}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menu.menu} align="end" sideOffset={6} collisionPadding={8}>
          <DropdownMenu.Item asChild className={menu.item}>
            <a href={href('csv')} download="wattkeeper.csv" style={{ color: 'inherit', textDecoration: 'none' }}>
              <FileSpreadsheet size={16} aria-hidden="true" />
              CSV
            </a>
          </DropdownMenu.Item>
          <DropdownMenu.Item asChild className={menu.item}>
            <a
              href={href('parquet')}
              download="wattkeeper.parquet"
              style={{ color: 'inherit', textDecoration: 'none' }}
            >
              <Table size={16} aria-hidden="true" />
              Parquet
            </a>
          </DropdownMenu.Item>
          <DropdownMenu.Item className={menu.item} onSelect={picture}>
            <ImageDown size={16} aria-hidden="true" />
            {text('export.png')}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
