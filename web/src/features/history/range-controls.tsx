import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { CalendarRange, ChevronLeft, ChevronRight, ZoomIn, ZoomOut } from 'lucide-react';
import { Popover } from 'radix-ui';
import { useFormat, useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import type { MessageKey } from '../../messages/lookup.ts';
import { useSite } from '../../site-context.tsx';
import { Button, buttonClass, IconButton } from '../../ui/controls/button.tsx';
import { CheckField } from '../../ui/controls/field.tsx';
import { Segmented } from '../../ui/controls/segmented.tsx';
import { WindowForm } from '../../ui/controls/window-form.tsx';
import styles from './history.module.css';
import { COMPARISONS, type Comparison, type HistoryView, PRESETS, type Preset } from './history-search.ts';
import { steppedWindow } from './history-window.ts';

interface RangeControlsProps {
  readonly range: HistoryView['range'];
  readonly window: Window;
  readonly onRange: (range: HistoryView['range']) => void;
}

const PRESET_LABELS: Record<Preset, MessageKey> = {
  '1h': 'range.1h',
  '6h': 'range.6h',
  '24h': 'range.24h',
  '7d': 'range.7d',
  '30d': 'range.30d',
  '90d': 'range.90d',
  '1y': 'range.1y',
  today: 'range.today',
  yesterday: 'range.yesterday',
};
const STEPS = [
  { step: 'earlier', label: 'range.earlier', icon: ChevronLeft },
  { step: 'later', label: 'range.later', icon: ChevronRight },
  { step: 'in', label: 'range.zoom_in', icon: ZoomIn },
  { step: 'out', label: 'range.zoom_out', icon: ZoomOut },
] as const;

/** Presets, dates and steps: the actions of brush and wheel, for the keyboard. */
export function RangeControls({ range, window, onRange }: RangeControlsProps) {
  const text = useText();
  return (
    <div className={styles.controls}>
      <Segmented
        label={text('range.label')}
        options={PRESETS.map((value) => ({ value, label: text(PRESET_LABELS[value]) }))}
        value={typeof range === 'string' ? range : null}
        onChange={onRange}
      />
      <div className={styles.steps}>
        <DatePicker key={`${window.start}-${window.end}`} window={window} onRange={onRange} />
        <div className={styles.stepButtons}>
          {STEPS.map(({ step, label, icon }) => (
            <IconButton
              key={step}
              icon={icon}
              label={text(label)}
              onClick={() => onRange(steppedWindow(window, step, Date.now()))}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

function DatePicker({ window, onRange }: Omit<RangeControlsProps, 'range'>) {
  const text = useText();
  const format = useFormat();
  const { timezone } = useSite();
  return (
    <Popover.Root>
      <Popover.Trigger className={buttonClass('plain')}>
        <CalendarRange size={16} aria-hidden="true" />
        {windowLabel(window, format)}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className={styles.popover} align="start" sideOffset={6} collisionPadding={8}>
          <WindowForm className={styles.dates} window={window} onApply={onRange}>
            <p className={styles.quiet}>{text('range.zone', { zone: timezone })}</p>
            <Button kind="primary" type="submit">
              {text('range.apply')}
            </Button>
          </WindowForm>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** The shortest text for the window: one day, two days, or two instants. */
function windowLabel({ start, end }: Window, format: ReturnType<typeof useFormat>): string {
  const day = { day: 'numeric', month: 'short', year: 'numeric' } as const;
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  if (end - start > 3 * UTC_DAY_MS) return `${format.date(start, day)} – ${format.date(end, day)}`;
  const from = format.date(start, { day: 'numeric', month: 'short', ...clock });
  const sameDay = format.date(start, day) === format.date(end, day);
  return `${from} – ${format.date(end, sameDay ? clock : { day: 'numeric', month: 'short', ...clock })}`;
}

interface OverlayControlsProps {
  readonly view: HistoryView;
  readonly onChange: (change: Partial<HistoryView>, replace?: boolean) => void;
}

const COMPARISON_LABELS: Record<Comparison, MessageKey> = {
  period: 'compare.period',
  week: 'compare.week',
  year: 'compare.year',
};

/** Choice of overlays and of the earlier period for comparison. */
export function OverlayControls({ view, onChange }: OverlayControlsProps) {
  const text = useText();
  return (
    <div className={styles.overlays}>
      <label className={styles.compare}>
        <span>{text('compare.label')}</span>
        <select
          value={view.compare ?? ''}
          onChange={(event) => onChange({ compare: (event.target.value || null) as Comparison | null }, true)}
        >
          <option value="">{text('compare.none')}</option>
          {COMPARISONS.map((comparison) => (
            <option key={comparison} value={comparison}>
              {text(COMPARISON_LABELS[comparison])}
            </option>
          ))}
        </select>
      </label>
      <CheckField
        label={text('history.prices')}
        checked={view.prices}
        onChange={(event) => onChange({ prices: event.target.checked }, true)}
      />
      <CheckField
        label={text('history.sessions')}
        checked={view.sessions}
        onChange={(event) => onChange({ sessions: event.target.checked }, true)}
      />
      <CheckField
        label={text('history.anomalies')}
        checked={view.anomalies}
        onChange={(event) => onChange({ anomalies: event.target.checked }, true)}
      />
    </div>
  );
}
