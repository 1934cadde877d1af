import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { Plus, Trash2 } from 'lucide-react';
import { useFormat, useText } from '../../app-context.tsx';
import { Button, IconButton } from '../../ui/controls/button.tsx';
import { CheckField, SelectField, TextField } from '../../ui/controls/field.tsx';
import { type PartProps, PriceField } from './price-fields.tsx';
import styles from './tariff.module.css';
import { type BandDraft, type FieldErrors, type HolidayRule, newBand } from './tariff-draft.ts';

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;
const HOLIDAY_RULES: readonly HolidayRule[] = ['include', 'exclude', 'only'];
const MAX_BANDS = 50;
/** A Monday in UTC, from which weekday names are derived. */
const MONDAY_MS = Date.UTC(2024, 0, 1, 12);

/** Bands of a time-of-use price, of which the first match applies, and the default price. */
export function BandFields({ draft, errors, change }: PartProps) {
  const text = useText();
  const replace = (key: string, band: BandDraft) =>
    change({ bands: draft.bands.map((one) => (one.key === key ? band : one)) });
  const bandsError = errors['import_price.bands'];
  return (
    <>
      <p className={styles.hint}>{text('tariff.bands_hint')}</p>
      {draft.bands.map((band, i) => (
        <BandRow
          key={band.key}
          band={band}
          title={text('tariff.band', { number: String(i + 1) })}
          errors={errors}
          path={`import_price.bands.${i}`}
          onChange={(next) => replace(band.key, next)}
          onRemove={
            draft.bands.length > 1
              ? () => change({ bands: draft.bands.filter(({ key }) => key !== band.key) })
              : undefined
          }
        />
      ))}
      {bandsError ? <p className={styles.error}>{bandsError}</p> : null}
      <div>
        <Button
          icon={Plus}
          disabled={draft.bands.length >= MAX_BANDS}
          onClick={() => change({ bands: [...draft.bands, newBand()] })}
        >
          {text('tariff.add_band')}
        </Button>
      </div>
      <div className={styles.fields}>
        <TextField
          label={text('tariff.otherwise_name')}
          hint={text('tariff.otherwise_hint')}
          value={draft.otherwise.name}
          error={errors['import_price.otherwise.name']}
          onChange={(event) => change({ otherwise: { ...draft.otherwise, name: event.target.value } })}
        />
        <PriceField
          label={text('tariff.otherwise_price')}
          value={draft.otherwise.price}
          error={errors['import_price.otherwise.price_per_kwh']}
          onChange={(price) => change({ otherwise: { ...draft.otherwise, price } })}
        />
        <TextField
          label={text('tariff.holidays')}
          hint={text('tariff.holidays_hint')}
          value={draft.holidays}
          error={firstUnder(errors, 'import_price.holidays')}
          onChange={(event) => change({ holidays: event.target.value })}
        />
      </div>
    </>
  );
}

interface BandRowProps {
  readonly band: BandDraft;
  readonly title: string;
  readonly errors: FieldErrors;
  readonly path: string;
  readonly onChange: (band: BandDraft) => void;
  readonly onRemove: (() => void) | undefined;
}

function BandRow({ band, title, errors, path, onChange, onRemove }: BandRowProps) {
  const text = useText();
  const set = (part: Partial<BandDraft>) => onChange({ ...band, ...part });
  return (
    <fieldset className={styles.row}>
      <legend className="visually-hidden">{title}</legend>
      <div className={styles.rowHead}>
        <h3>{title}</h3>
        {onRemove ? (
          <IconButton icon={Trash2} label={text('tariff.remove', { name: title })} onClick={onRemove} />
        ) : null}
      </div>
      <div className={styles.fields}>
        <TextField
          label={text('tariff.band_name')}
          value={band.name}
          error={errors[`${path}.name`]}
          onChange={(event) => set({ name: event.target.value })}
        />
        <PriceField
          label={text('tariff.price')}
          value={band.price}
          error={errors[`${path}.price_per_kwh`]}
          onChange={(price) => set({ price })}
        />
        <div className={styles.pair}>
          <TextField
            label={text('tariff.from')}
            placeholder="07:00"
            value={band.from}
            error={errors[`${path}.from`]}
            onChange={(event) => set({ from: event.target.value })}
          />
          <TextField
            label={text('tariff.to')}
            placeholder="24:00"
            value={band.to}
            error={errors[`${path}.to`]}
            onChange={(event) => set({ to: event.target.value })}
          />
        </div>
      </div>
      <Weekdays chosen={band.weekdays} error={errors[`${path}.weekdays`]} onChange={(weekdays) => set({ weekdays })} />
      <SeasonFields band={band} errors={errors} path={path} set={set} />
    </fieldset>
  );
}

interface WeekdaysProps {
  readonly chosen: readonly number[];
  readonly error: string | undefined;
  readonly onChange: (weekdays: readonly number[]) => void;
}

function Weekdays({ chosen, error, onChange }: WeekdaysProps) {
  const text = useText();
  const { language } = useFormat().settings;
  const name = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' });
  return (
    <fieldset className={styles.days}>
      <legend className="visually-hidden">{text('tariff.weekdays')}</legend>
      {WEEKDAYS.map((day) => (
        <CheckField
          key={day}
          label={name.format(MONDAY_MS + (day - 1) * UTC_DAY_MS)}
          checked={chosen.includes(day)}
          onChange={(event) =>
            onChange(
              event.target.checked ? [...chosen, day].sort((a, b) => a - b) : chosen.filter((one) => one !== day),
            )
          }
        />
      ))}
      {error ? <p className={styles.error}>{error}</p> : null}
    </fieldset>
  );
}

interface SeasonProps {
  readonly band: BandDraft;
  readonly errors: FieldErrors;
  readonly path: string;
  readonly set: (part: Partial<BandDraft>) => void;
}

function SeasonFields({ band, errors, path, set }: SeasonProps) {
  const text = useText();
  return (
    <details className={styles.more} open={band.seasonFrom !== '' || band.holidays !== 'include' || undefined}>
      <summary>{text('tariff.season')}</summary>
      <div className={styles.fields}>
        <div className={styles.pair}>
          <TextField
            label={text('tariff.season_from')}
            placeholder="10-01"
            value={band.seasonFrom}
            error={errors[`${path}.season.from`]}
            onChange={(event) => set({ seasonFrom: event.target.value })}
          />
          <TextField
            label={text('tariff.season_to')}
            placeholder="03-31"
            value={band.seasonTo}
            error={errors[`${path}.season.to`]}
            onChange={(event) => set({ seasonTo: event.target.value })}
          />
        </div>
        <SelectField
          label={text('tariff.on_holidays')}
          value={band.holidays}
          onChange={(event) => set({ holidays: event.target.value as HolidayRule })}
        >
          {HOLIDAY_RULES.map((rule) => (
            <option key={rule} value={rule}>
              {text(`tariff.holidays_${rule}`)}
            </option>
          ))}
        </SelectField>
      </div>
    </details>
  );
}

/** The first error of any element of a list. */
function firstUnder(errors: FieldErrors, path: string): string | undefined {
  return Object.entries(errors).find(([field]) => field.startsWith(path))?.[1];
}
