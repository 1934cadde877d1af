import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { useFormat, useText } from '../../app-context.tsx';
import { dayOf, startOfDay, type Window } from '../../data/period.ts';
import { dayIn, steppedRange } from '../../data/range.ts';
import { CALENDAR_UNITS, type CalendarUnit, type RangeSearch } from '../../data/range-search.ts';
import { useSite } from '../../site-context.tsx';
import { Button } from './button.tsx';
import styles from './range-picker.module.css';
import { Segmented } from './segmented.tsx';
import { StepButtons } from './step-buttons.tsx';
import { WindowForm } from './window-form.tsx';

interface RangePickerProps {
  readonly range: RangeSearch;
  readonly window: Window;
  /** Offered numbers of days. */
  readonly days: readonly number[];
  readonly defaultDays: number;
  readonly onChange: (range: RangeSearch) => void;
}

const CUSTOM = 'custom';

/** The range of a page: the last days, a month, quarter or year of the site's calendar, or any window; with buttons for the previous and next one. */
export function RangePicker({ range, window, days, defaultDays, onChange }: RangePickerProps) {
  const text = useText();
  const { timezone } = useSite();
  const isCustom = range.from !== undefined;
  const pick = (value: string) => {
    const unit = CALENDAR_UNITS.find((one) => one === value);
    if (value === CUSTOM) onChange({ from: window.start, to: window.end });
    else onChange(unit === undefined ? { days: Number(value) } : { unit, day: dayOf(window.end - 1, timezone) });
  };
  const step = (by: -1 | 1) => onChange(steppedRange(range, window, timezone, by));
  return (
    <div className={styles.picker}>
      <Segmented
        label={text('period.label')}
        options={[
          ...days.map((count) => ({ value: String(count), label: text('period.days', { count }) })),
          ...CALENDAR_UNITS.map((unit) => ({ value: unit, label: text(`period.${unit}`) })),
          { value: CUSTOM, label: text('period.custom') },
        ]}
        value={isCustom ? CUSTOM : (range.unit ?? String(range.days ?? defaultDays))}
        onChange={pick}
      />
      <div className={styles.steps}>
        {isCustom ? (
          <WindowForm
            key={`${window.start} ${window.end}`}
            className={styles.dates}
            window={window}
            onApply={({ start, end }) => onChange({ from: start, to: end })}
          >
            <Button type="submit">{text('range.apply')}</Button>
          </WindowForm>
        ) : null}
        {range.unit === undefined ? null : (
          <Calendar unit={range.unit} day={dayIn(range, window, timezone)} onChange={onChange} />
        )}
        {range.unit === undefined && !isCustom ? <Days window={window} /> : null}
        <StepButtons isLast={window.end + HOUR_MS > Date.now()} onStep={step} />
      </div>
    </div>
  );
}

const DAY = { day: 'numeric', month: 'short', year: 'numeric' } as const;

function Days({ window }: { readonly window: Window }) {
  const format = useFormat();
  return (
    <span className={styles.days}>{`${format.date(window.start, DAY)} – ${format.date(window.end - 1, DAY)}`}</span>
  );
}

interface CalendarProps {
  readonly unit: CalendarUnit;
  readonly day: string;
  readonly onChange: (range: RangeSearch) => void;
}

/** Offered years before the current one; a custom window may be earlier. */
const YEARS_OFFERED = 30;

/** Choice of month or quarter, and year. */
function Calendar({ unit, day, onChange }: CalendarProps) {
  const text = useText();
  const format = useFormat();
  const { timezone } = useSite();
  const [year, month] = day.split('-').map(Number) as [number, number];
  const thisYear = Number(dayOf(Date.now(), timezone).slice(0, 4));
  const years = Array.from({ length: YEARS_OFFERED + 1 }, (_, i) => thisYear - i);
  const months = Array.from({ length: 12 }, (_, i) => i + 1);
  const go = (toYear: number, toMonth: number) =>
    onChange({ unit, day: `${String(toYear).padStart(4, '0')}-${String(toMonth).padStart(2, '0')}-01` });
  const nameOf = (one: number) => {
    if (unit === 'quarter') return text('period.quarter_short', { number: String((one + 2) / 3) });
    return format.date(startOfDay(`2001-${String(one).padStart(2, '0')}-15`, timezone), { month: 'long' });
  };
  return (
    <>
      {unit === 'year' ? null : (
        <select
          aria-label={text(`period.${unit}`)}
          className={styles.select}
          value={unit === 'quarter' ? month - ((month - 1) % 3) : month}
          onChange={({ target }) => go(year, Number(target.value))}
        >
          {months
            .filter((one) => unit === 'month' || one % 3 === 1)
            .map((one) => (
              <option key={one} value={one}>
                {nameOf(one)}
              </option>
            ))}
        </select>
      )}
      <select
        aria-label={text('period.year')}
        className={styles.select}
        value={year}
        onChange={({ target }) => go(Number(target.value), month)}
      >
        {(years.includes(year) ? years : [...years, year]).map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </>
  );
}
