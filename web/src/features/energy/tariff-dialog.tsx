import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiProblem } from '@wattkeeper/contract/api-problem.ts';
import { changeTariff, createTariff } from '@wattkeeper/contract/endpoints/tariffs.ts';
import type { Tariff, TariffCreate } from '@wattkeeper/contract/tariff.ts';
import { useState } from 'react';
import { useFormat, useServices, useText } from '../../app-context.tsx';
import { SelectField, TextField } from '../../ui/controls/field.tsx';
import { FormDialog } from '../../ui/feedback/form-dialog.tsx';
import { BandFields } from './band-fields.tsx';
import { DynamicFields, NumberField, type PartProps, PriceField } from './price-fields.tsx';
import { refreshMoney } from './refresh-money.ts';
import styles from './tariff.module.css';
import {
  checkDraft,
  draftOf,
  type ExportType,
  emptyDraft,
  type FieldErrors,
  type ImportType,
  type TariffDraft,
} from './tariff-draft.ts';
import { TierFields } from './tier-fields.tsx';

const IMPORT_TYPES: readonly ImportType[] = ['flat', 'time_of_use', 'dynamic', 'tiered'];
const EXPORT_TYPES: readonly ExportType[] = ['none', 'flat', 'dynamic'];

interface TariffDialogProps {
  /** The tariff to edit; without it, a new one is created. */
  readonly tariff?: Tariff | undefined;
  readonly onClose: () => void;
  readonly onSaved: (tariff: Tariff) => void;
}

/** Creates or edits a tariff; validation errors are shown at their fields. */
export function TariffDialog({ tariff, onClose, onSaved }: TariffDialogProps) {
  const text = useText();
  const [draft, setDraft] = useState<TariffDraft>(() => (tariff ? draftOf(tariff) : emptyDraft()));
  const [tried, setTried] = useState(false);
  const save = useSaveTariff(tariff, onSaved);
  const checked = checkDraft(draft, { number: text('tariff.number_needed'), text: text('tariff.text_needed') });
  const found = tried && 'errors' in checked ? checked.errors : {};
  const errors = { ...serverErrors(save.error), ...found };
  const submit = () => {
    setTried(true);
    if ('tariff' in checked) save.mutate(checked.tariff);
  };
  const part: PartProps = {
    draft,
    errors,
    change: (change) => setDraft((before) => ({ ...before, ...change })),
  };
  return (
    <FormDialog
      wide
      onClose={onClose}
      title={tariff ? text('tariff.edit_title', { name: tariff.name }) : text('tariff.new')}
      description={text('tariff.intro')}
      className={styles.form}
      request={save}
      onSubmit={submit}
      noValidate
      note={
        Object.keys(found).length > 0 ? (
          <p className={styles.error} role="alert">
            {text('tariff.invalid')}
          </p>
        ) : null
      }
    >
      <TextField
        label={text('tariff.name')}
        value={draft.name}
        error={errors.name}
        onChange={(event) => part.change({ name: event.target.value })}
      />
      <ImportFields {...part} />
      <ExportFields {...part} />
      <StandingFields {...part} />
    </FormDialog>
  );
}

function useSaveTariff(tariff: Tariff | undefined, onSaved: (tariff: Tariff) => void) {
  const { api } = useServices();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: TariffCreate) =>
      tariff ? api.call(changeTariff, { params: { id: tariff.id }, body }) : api.call(createTariff, { body }),
    onSuccess: async (saved) => {
      await refreshMoney(cache);
      onSaved(saved);
    },
  });
}

/** The server's errors by field; it names fields with or without `body`. */
function serverErrors(error: Error | null): FieldErrors {
  if (!(error instanceof ApiProblem)) return {};
  return Object.fromEntries(
    error.fields.map(({ field, detail }) => [field.replace(/^body[./]/, '').replaceAll('/', '.'), detail]),
  );
}

function ImportFields(part: PartProps) {
  const { draft, errors, change } = part;
  const text = useText();
  return (
    <section className={styles.part}>
      <h3>{text('tariff.import')}</h3>
      <SelectField
        label={text('tariff.kind')}
        hint={text(`tariff.${draft.importType}_hint`)}
        value={draft.importType}
        onChange={(event) => change({ importType: event.target.value as ImportType })}
      >
        {IMPORT_TYPES.map((type) => (
          <option key={type} value={type}>
            {text(`tariff.${type}`)}
          </option>
        ))}
      </SelectField>
      {draft.importType === 'flat' ? (
        <PriceField
          label={text('tariff.price')}
          value={draft.importFlat}
          error={errors['import_price.price_per_kwh']}
          onChange={(importFlat) => change({ importFlat })}
        />
      ) : null}
      {draft.importType === 'time_of_use' ? <BandFields {...part} /> : null}
      {draft.importType === 'tiered' ? <TierFields {...part} /> : null}
      {draft.importType === 'dynamic' ? (
        <DynamicFields
          value={draft.importDynamic}
          onChange={(importDynamic) => change({ importDynamic })}
          errors={errors}
          path="import_price"
        />
      ) : null}
    </section>
  );
}

function ExportFields({ draft, errors, change }: PartProps) {
  const text = useText();
  return (
    <section className={styles.part}>
      <h3>{text('tariff.export')}</h3>
      <SelectField
        label={text('tariff.kind_export')}
        value={draft.exportType}
        onChange={(event) => change({ exportType: event.target.value as ExportType })}
      >
        {EXPORT_TYPES.map((type) => (
          <option key={type} value={type}>
            {text(`tariff.${type}`)}
          </option>
        ))}
      </SelectField>
      {draft.exportType === 'flat' ? (
        <PriceField
          label={text('tariff.credit')}
          value={draft.exportFlat}
          error={errors['export_price.price_per_kwh']}
          onChange={(exportFlat) => change({ exportFlat })}
        />
      ) : null}
      {draft.exportType === 'dynamic' ? (
        <DynamicFields
          value={draft.exportDynamic}
          onChange={(exportDynamic) => change({ exportDynamic })}
          errors={errors}
          path="export_price"
        />
      ) : null}
    </section>
  );
}

function StandingFields({ draft, errors, change }: PartProps) {
  const text = useText();
  const { currency } = useFormat().settings;
  return (
    <section className={styles.part}>
      <h3>{text('tariff.standing')}</h3>
      <div className={styles.fields}>
        <NumberField
          label={text('tariff.fixed_per_day')}
          unit={currency}
          value={draft.fixedPerDay}
          error={errors.fixed_per_day}
          onChange={(fixedPerDay) => change({ fixedPerDay })}
        />
        <NumberField
          label={text('tariff.demand')}
          hint={text('tariff.demand_hint')}
          unit={`${currency}/kW`}
          value={draft.demandPerKw}
          error={errors.demand_per_kw_month}
          onChange={(demandPerKw) => change({ demandPerKw })}
        />
      </div>
    </section>
  );
}
