import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type Device, DeviceKind } from '@wattkeeper/contract/device.ts';
import { changeDevice } from '@wattkeeper/contract/endpoints/devices.ts';
import { useState } from 'react';
import { useQueries, useServices, useText } from '../../app-context.tsx';
import { useSite } from '../../site-context.tsx';
import { CheckField, SelectField, TextField } from '../../ui/controls/field.tsx';
import { FormDialog } from '../../ui/feedback/form-dialog.tsx';
import { type DeviceDraft, deviceDraft, devicePatch } from './device-draft.ts';
import styles from './sites.module.css';

interface DeviceDialogProps {
  readonly device: Device;
  readonly onClose: () => void;
}

/** Name, kind, site, ratings and retirement of a device. */
export function DeviceDialog({ device, onClose }: DeviceDialogProps) {
  const text = useText();
  const { timezone } = useSite();
  const [before] = useState(() => deviceDraft(device, timezone, Date.now()));
  const [draft, setDraft] = useState(before);
  const change = (part: Partial<DeviceDraft>) => setDraft((old) => ({ ...old, ...part }));
  const { api } = useServices();
  const cache = useQueryClient();
  const save = useMutation({
    mutationFn: () =>
      api.call(changeDevice, { params: { id: device.id }, body: devicePatch(device, before, draft, timezone) }),
    onSuccess: async () => {
      await cache.invalidateQueries();
      onClose();
    },
  });
  return (
    <FormDialog
      onClose={onClose}
      title={text('devices.edit', { name: device.name })}
      className={styles.form}
      request={save}
      onSubmit={() => save.mutate()}
    >
      <IdentityFields draft={draft} change={change} />
      <RatingFields draft={draft} change={change} />
      <CheckField
        label={text('devices.retired')}
        checked={draft.retired}
        onChange={(event) => change({ retired: event.target.checked })}
      />
      {draft.retired ? (
        <TextField
          label={text('devices.retired_at')}
          hint={text('devices.retired_hint', { zone: timezone })}
          type="datetime-local"
          required
          value={draft.retiredAt}
          onChange={(event) => change({ retiredAt: event.target.value })}
        />
      ) : null}
    </FormDialog>
  );
}

interface PartProps {
  readonly draft: DeviceDraft;
  readonly change: (part: Partial<DeviceDraft>) => void;
}

function IdentityFields({ draft, change }: PartProps) {
  const text = useText();
  const sites = useQuery(useQueries().sites()).data ?? [];
  return (
    <>
      <TextField
        label={text('devices.name')}
        hint={text('devices.name_hint')}
        value={draft.name}
        required
        maxLength={200}
        onChange={(event) => change({ name: event.target.value })}
      />
      <div className={styles.pair}>
        <SelectField
          label={text('devices.kind')}
          value={draft.kind}
          onChange={(event) => change({ kind: DeviceKind.parse(event.target.value) })}
        >
          {DeviceKind.options.map((kind) => (
            <option key={kind} value={kind}>
              {text(`kind.${kind}`)}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={text('devices.site')}
          value={draft.siteId}
          onChange={(event) => change({ siteId: event.target.value })}
        >
          {sites.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
    </>
  );
}

function RatingFields({ draft, change }: PartProps) {
  const text = useText();
  return (
    <div className={styles.pair}>
      <TextField
        label={text('devices.rated_power')}
        hint={text('devices.rated_power_hint')}
        unit="kW"
        type="number"
        min={0.000001}
        max={1e6}
        step="any"
        value={draft.ratedPowerKw}
        onChange={(event) => change({ ratedPowerKw: event.target.value })}
      />
      <TextField
        label={text('devices.interval')}
        hint={text('devices.interval_hint')}
        unit="s"
        type="number"
        min={0.001}
        max={86_400}
        step="any"
        value={draft.expectedIntervalS}
        onChange={(event) => change({ expectedIntervalS: event.target.value })}
      />
      <TextField
        label={text('devices.holds')}
        hint={text('devices.holds_hint')}
        unit="s"
        type="number"
        min={1}
        max={604_800}
        step="any"
        value={draft.holdsS}
        onChange={(event) => change({ holdsS: event.target.value })}
      />
    </div>
  );
}
