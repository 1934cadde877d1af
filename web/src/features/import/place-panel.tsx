import { DEVICE_KINDS } from '@wattkeeper/contract/device-kinds.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import { useMemo } from 'react';
import { useText } from '../../app-context.tsx';
import { SelectField, TextField } from '../../ui/controls/field.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import styles from './import.module.css';
import type { DeviceKind, ImportDraft, NewSite } from './import-draft.ts';

interface PlacePanelProps {
  readonly draft: ImportDraft;
  /** Existing sites. */
  readonly sites: readonly Site[];
  readonly onChange: (part: Partial<ImportDraft>) => void;
}

/** The site, the device's kind and the time zone. */
export function PlacePanel({ draft, sites, onChange }: PlacePanelProps) {
  const text = useText();
  return (
    <Panel title={text('import.where')}>
      <div className={styles.fields}>
        <SelectField
          label={text('import.site')}
          value={draft.site ?? ''}
          onChange={({ target }) => onChange({ site: target.value || null })}
        >
          {sites.map(({ id, name }) => (
            <option key={id} value={name}>
              {name}
            </option>
          ))}
          <option value="">{text('import.new_site')}</option>
        </SelectField>
        <SelectField
          label={text('import.kind')}
          value={draft.kind}
          onChange={({ target }) => onChange({ kind: target.value as DeviceKind })}
        >
          {DEVICE_KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {text(`kind.${kind}`)}
            </option>
          ))}
        </SelectField>
        <ZoneField
          label={text('import.zone')}
          hint={text('import.zone_hint')}
          value={draft.timezone}
          onChange={(timezone) => onChange({ timezone })}
        />
      </div>
      {draft.site === null ? (
        <NewSiteFields site={draft.newSite} onChange={(part) => onChange({ newSite: { ...draft.newSite, ...part } })} />
      ) : null}
    </Panel>
  );
}

function NewSiteFields({
  site,
  onChange,
}: {
  readonly site: NewSite;
  readonly onChange: (part: Partial<NewSite>) => void;
}) {
  const text = useText();
  const field = (name: 'name' | 'currency' | 'country' | 'latitude' | 'longitude') => ({
    value: site[name],
    onChange: ({ target }: { readonly target: HTMLInputElement }) => onChange({ [name]: target.value }),
  });
  return (
    <div className={styles.fields}>
      <TextField label={text('import.site_name')} required {...field('name')} />
      <ZoneField
        label={text('import.site_zone')}
        value={site.timezone}
        onChange={(timezone) => onChange({ timezone })}
      />
      <TextField
        label={text('import.currency')}
        hint={text('import.currency_hint')}
        maxLength={3}
        {...field('currency')}
      />
      <TextField
        label={text('import.country')}
        hint={text('import.country_hint')}
        maxLength={2}
        {...field('country')}
      />
      <TextField label={text('import.latitude')} inputMode="decimal" unit="°" {...field('latitude')} />
      <TextField label={text('import.longitude')} inputMode="decimal" unit="°" {...field('longitude')} />
    </div>
  );
}

interface ZoneFieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly onChange: (zone: string) => void;
}

function ZoneField({ label, hint, value, onChange }: ZoneFieldProps) {
  const zones = useMemo(() => [...new Set(['UTC', value, ...Intl.supportedValuesOf('timeZone')])], [value]);
  return (
    <SelectField label={label} hint={hint} value={value} onChange={({ target }) => onChange(target.value)}>
      {zones.map((zone) => (
        <option key={zone} value={zone}>
          {zone}
        </option>
      ))}
    </SelectField>
  );
}
