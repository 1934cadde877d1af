import { useState } from 'react';
import { useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { CheckField, TextField } from '../../ui/controls/field.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import styles from './history.module.css';
import { MAX_SERIES } from './history-search.ts';
import type { SeriesOffer } from './series-choice.ts';

interface SeriesPickerProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly offers: readonly SeriesOffer[];
  readonly chosen: readonly SeriesOffer[];
  readonly onChange: (series: readonly SeriesOffer[]) => void;
}

/** Choice of series by device, with a search in both names. */
export function SeriesPicker({ open, onClose, offers, chosen, onChange }: SeriesPickerProps) {
  const text = useText();
  const [search, setSearch] = useState('');
  const keys = new Set(chosen.map(({ key }) => key));
  const full = keys.size >= MAX_SERIES;
  const found = Map.groupBy(
    offers.filter((offer) => matches(offer, search)),
    ({ deviceName }) => deviceName,
  );
  const toggle = (offer: SeriesOffer, on: boolean) =>
    onChange(on ? [...chosen, offer] : chosen.filter(({ key }) => key !== offer.key));
  return (
    <Modal
      open={open}
      onClose={onClose}
      title={text('history.choose')}
      description={text('history.chosen_of', { count: keys.size, most: String(MAX_SERIES) })}
      footer={
        <>
          <Button kind="quiet" onClick={() => onChange([])}>
            {text('history.default')}
          </Button>
          <Button kind="primary" onClick={onClose}>
            {text('action.done')}
          </Button>
        </>
      }
    >
      <TextField
        label={text('history.search')}
        type="search"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {[...found].map(([device, own]) => (
        <fieldset key={device} className={styles.device}>
          <legend>{device}</legend>
          {own.map((offer) => (
            <div key={offer.key} className={styles.offer}>
              <CheckField
                label={offer.label}
                checked={keys.has(offer.key)}
                disabled={(full && !keys.has(offer.key)) || (keys.size === 1 && keys.has(offer.key))}
                onChange={(event) => toggle(offer, event.target.checked)}
              />
              <code>{offer.metric}</code>
            </div>
          ))}
        </fieldset>
      ))}
      {found.size === 0 ? <p className={styles.quiet}>{text('history.no_match', { search })}</p> : null}
    </Modal>
  );
}

/** Whether the names contain every word of the search. */
function matches({ deviceName, label, metric }: SeriesOffer, search: string): boolean {
  const text = `${deviceName} ${label} ${metric}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
