import { type FormEvent, useState } from 'react';
import { useText } from '../../app-context.tsx';
import type { Window } from '../../data/period.ts';
import { useSite } from '../../site-context.tsx';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { fromLocalField, toLocalField } from '../history/history-window.ts';
import styles from './baseline.module.css';
import { BASELINE_DAYS, type BaselineDays, type BaselineSearch } from './baseline-search.ts';

interface RangePickerProps {
  readonly search: BaselineSearch;
  readonly window: Window;
  readonly onChange: (next: BaselineSearch) => void;
}

const CUSTOM = 'custom';
const NONE = { days: undefined, from: undefined, to: undefined } as unknown as BaselineSearch;

/** The range that is learnt from and looked at: 7, 30 or 90 days, or one of one's own. */
export function RangePicker({ search, window, onChange }: RangePickerProps) {
  const text = useText();
  const isCustom = search.from !== undefined;
  const pick = (value: string) =>
    onChange(
      value === CUSTOM
        ? { ...NONE, from: window.start, to: window.end }
        : { ...NONE, days: Number(value) as BaselineDays },
    );
  return (
    <div className={styles.range}>
      <Segmented
        label={text('baseline.range')}
        options={[
          ...BASELINE_DAYS.map((days) => ({
            value: String(days),
            label: text('baseline.days', { days: String(days) }),
          })),
          { value: CUSTOM, label: text('baseline.custom') },
        ]}
        value={isCustom ? CUSTOM : String(search.days ?? 90)}
        onChange={pick}
      />
      {isCustom ? <Dates key={`${window.start} ${window.end}`} window={window} onChange={onChange} /> : null}
    </div>
  );
}

function Dates({ window, onChange }: Omit<RangePickerProps, 'search'>) {
  const text = useText();
  const { timezone } = useSite();
  const [wrong, setWrong] = useState(false);
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [from, to] = ['from', 'to'].map((name) => fromLocalField(String(form.get(name)), timezone)) as [
      number,
      number,
    ];
    if (to > from) onChange({ ...NONE, from, to });
    else setWrong(true);
  };
  return (
    <form className={styles.range} onSubmit={apply}>
      <TextField
        label={text('baseline.from')}
        name="from"
        type="datetime-local"
        defaultValue={toLocalField(window.start, timezone)}
        required
      />
      <TextField
        label={text('baseline.to')}
        name="to"
        type="datetime-local"
        defaultValue={toLocalField(window.end, timezone)}
        error={wrong ? text('baseline.order') : undefined}
        required
      />
      <Button type="submit">{text('baseline.apply')}</Button>
    </form>
  );
}
