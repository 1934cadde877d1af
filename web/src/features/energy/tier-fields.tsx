import { Plus, Trash2 } from 'lucide-react';
import { useText } from '../../app-context.tsx';
import { Button, IconButton } from '../../ui/controls/button.tsx';
import { SelectField } from '../../ui/controls/field.tsx';
import { NumberField, type PartProps, PriceField } from './price-fields.tsx';
import styles from './tariff.module.css';
import { newTier, type TierDraft } from './tariff-draft.ts';

const MAX_TIERS = 20;

/** Prices by the energy imported since the beginning of the day or month. */
export function TierFields({ draft, errors, change }: PartProps) {
  const text = useText();
  const { tiers } = draft;
  const set = (key: string, part: Partial<TierDraft>) =>
    change({ tiers: tiers.map((tier) => (tier.key === key ? { ...tier, ...part } : tier)) });
  const tiersError = errors['import_price.tiers'];
  return (
    <>
      <SelectField
        label={text('tariff.tier_period')}
        value={draft.tierPeriod}
        onChange={(event) => change({ tierPeriod: event.target.value === 'day' ? 'day' : 'month' })}
      >
        <option value="month">{text('energy.month')}</option>
        <option value="day">{text('energy.day')}</option>
      </SelectField>
      {tiers.map((tier, i) => (
        <div key={tier.key} className={styles.tier}>
          <NumberField
            label={text('tariff.up_to')}
            hint={text('tariff.up_to_hint')}
            unit="kWh"
            value={tier.upTo}
            error={errors[`import_price.tiers.${i}.up_to_kwh`]}
            onChange={(upTo) => set(tier.key, { upTo })}
          />
          <PriceField
            label={text('tariff.price')}
            value={tier.price}
            error={errors[`import_price.tiers.${i}.price_per_kwh`]}
            onChange={(price) => set(tier.key, { price })}
          />
          <IconButton
            icon={Trash2}
            label={text('tariff.remove', { name: text('tariff.tier', { number: String(i + 1) }) })}
            disabled={tiers.length === 1}
            onClick={() => change({ tiers: tiers.filter(({ key }) => key !== tier.key) })}
          />
        </div>
      ))}
      {tiersError ? <p className={styles.error}>{tiersError}</p> : null}
      <div>
        <Button
          icon={Plus}
          disabled={tiers.length >= MAX_TIERS}
          onClick={() => change({ tiers: [...tiers, newTier()] })}
        >
          {text('tariff.add_tier')}
        </Button>
      </div>
    </>
  );
}
