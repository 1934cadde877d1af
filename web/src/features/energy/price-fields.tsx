import { useFormat, useText } from '../../app-context.tsx';
import { TextField } from '../../ui/controls/field.tsx';
import styles from './tariff.module.css';
import type { DynamicDraft, FieldErrors, TariffDraft } from './tariff-draft.ts';

/** Props of a part of the tariff form. */
export interface PartProps {
  readonly draft: TariffDraft;
  readonly errors: FieldErrors;
  readonly change: (part: Partial<TariffDraft>) => void;
}

interface NumberProps {
  readonly label: string;
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
  readonly unit?: string | undefined;
  readonly hint?: string | undefined;
}

/** A number field that accepts a decimal point or comma. */
export function NumberField({ onChange, ...field }: NumberProps) {
  return <TextField {...field} inputMode="decimal" onChange={(event) => onChange(event.target.value)} />;
}

/** A price per kWh in the site's currency. */
export function PriceField(props: Omit<NumberProps, 'unit'>) {
  const { currency } = useFormat().settings;
  return <NumberField {...props} unit={`${currency}/kWh`} />;
}

interface DynamicProps {
  readonly value: DynamicDraft;
  readonly onChange: (value: DynamicDraft) => void;
  readonly errors: FieldErrors;
  /** `import_price` or `export_price`. */
  readonly path: string;
}

/** A dynamic price: market price × factor + markup, and the fallback for hours without a market price. */
export function DynamicFields({ value, onChange, errors, path }: DynamicProps) {
  const text = useText();
  return (
    <div className={styles.fields}>
      <NumberField
        label={text('tariff.factor')}
        hint={text('tariff.factor_hint')}
        value={value.factor}
        error={errors[`${path}.factor`]}
        onChange={(factor) => onChange({ ...value, factor })}
      />
      <PriceField
        label={text('tariff.markup')}
        value={value.markup}
        error={errors[`${path}.markup_per_kwh`]}
        onChange={(markup) => onChange({ ...value, markup })}
      />
      <PriceField
        label={text('tariff.fallback')}
        hint={text('tariff.fallback_hint')}
        value={value.fallback}
        error={errors[`${path}.fallback_per_kwh`]}
        onChange={(fallback) => onChange({ ...value, fallback })}
      />
    </div>
  );
}
