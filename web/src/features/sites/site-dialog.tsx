import { useMutation, useQueryClient } from '@tanstack/react-query';
import { changeSite, createSite } from '@wattkeeper/contract/endpoints/sites.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import { LocateFixed } from 'lucide-react';
import { useMemo, useState } from 'react';
import { usePreferences, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { SelectField, TextField } from '../../ui/controls/field.tsx';
import { FormDialog } from '../../ui/feedback/form-dialog.tsx';
import { WarningLine } from '../../ui/feedback/notice.tsx';
import { browserTimeZone, countries, currencies, timeZones } from './region-names.ts';
import { type SiteDraft, siteDraft, sitePatch } from './site-draft.ts';
import styles from './sites.module.css';

interface SiteDialogProps {
  /** Absent: a new site. */
  readonly site?: Site | undefined;
  readonly onClose: () => void;
}

/** Name, time zone, currency and location of a site. */
export function SiteDialog({ site, onClose }: SiteDialogProps) {
  const text = useText();
  const [draft, setDraft] = useState(() => siteDraft(site, browserTimeZone()));
  const change = (part: Partial<SiteDraft>) => setDraft((old) => ({ ...old, ...part }));
  const save = useSaveSite(site, onClose);
  return (
    <FormDialog
      onClose={onClose}
      title={site ? text('sites.edit', { name: site.name }) : text('sites.new')}
      description={text('sites.intro')}
      className={styles.form}
      request={save}
      onSubmit={() => save.mutate(draft)}
    >
      <TextField
        label={text('sites.name')}
        value={draft.name}
        required
        maxLength={200}
        onChange={(event) => change({ name: event.target.value })}
      />
      <RegionFields draft={draft} change={change} />
      <PlaceFields draft={draft} change={change} />
      <TextField
        label={text('sites.emission_factor')}
        hint={text('sites.emission_factor_hint')}
        unit="kg/kWh"
        type="number"
        min={0}
        max={5}
        step="any"
        value={draft.emissionFactor}
        onChange={(event) => change({ emissionFactor: event.target.value })}
      />
    </FormDialog>
  );
}

interface PartProps {
  readonly draft: SiteDraft;
  readonly change: (part: Partial<SiteDraft>) => void;
}

function RegionFields({ draft, change }: PartProps) {
  const text = useText();
  const { language } = usePreferences();
  const zones = useMemo(() => timeZones(draft.timezone), [draft.timezone]);
  const money = useMemo(() => currencies(language), [language]);
  const lands = useMemo(() => countries(language), [language]);
  return (
    <div className={styles.pair}>
      <SelectField
        label={text('sites.timezone')}
        hint={text('sites.timezone_hint')}
        value={draft.timezone}
        onChange={(event) => change({ timezone: event.target.value })}
      >
        {zones.map((zone) => (
          <option key={zone}>{zone}</option>
        ))}
      </SelectField>
      <SelectField
        label={text('sites.currency')}
        value={draft.currency}
        onChange={(event) => change({ currency: event.target.value })}
      >
        {money.map(({ code, name }) => (
          <option key={code} value={code}>{`${code} – ${name}`}</option>
        ))}
      </SelectField>
      <SelectField
        label={text('sites.country')}
        value={draft.country}
        onChange={(event) => change({ country: event.target.value })}
      >
        <option value="">{text('sites.country_none')}</option>
        {lands.map(({ code, name }) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </SelectField>
    </div>
  );
}

function PlaceFields({ draft, change }: PartProps) {
  const text = useText();
  const [failed, setFailed] = useState(false);
  const locate = () =>
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        setFailed(false);
        change({ latitude: coords.latitude.toFixed(3), longitude: coords.longitude.toFixed(3) });
      },
      () => setFailed(true),
    );
  // A location needs both coordinates.
  const required = draft.latitude !== '' || draft.longitude !== '';
  return (
    <fieldset className={styles.place}>
      <legend>{text('sites.place')}</legend>
      <p className={styles.hint}>{text('sites.place_hint')}</p>
      <div className={styles.pair}>
        <TextField
          label={text('sites.latitude')}
          unit="°"
          type="number"
          min={-90}
          max={90}
          step="any"
          required={required}
          value={draft.latitude}
          onChange={(event) => change({ latitude: event.target.value })}
        />
        <TextField
          label={text('sites.longitude')}
          unit="°"
          type="number"
          min={-180}
          max={180}
          step="any"
          required={required}
          value={draft.longitude}
          onChange={(event) => change({ longitude: event.target.value })}
        />
      </div>
      {isSecureContext ? (
        <Button icon={LocateFixed} onClick={locate}>
          {text('sites.locate')}
        </Button>
      ) : null}
      {failed ? <WarningLine>{text('sites.locate_failed')}</WarningLine> : null}
    </fieldset>
  );
}

/** Nearly every value depends on the site's time zone, location or currency, so all queries are refetched. */
function useSaveSite(site: Site | undefined, onSaved: () => void) {
  const { api } = useServices();
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (draft: SiteDraft) =>
      site
        ? api.call(changeSite, { params: { id: site.id }, body: sitePatch(draft) })
        : api.call(createSite, { body: { ...sitePatch(draft), name: draft.name } }),
    onSuccess: async () => {
      await cache.invalidateQueries();
      onSaved();
    },
  });
}
