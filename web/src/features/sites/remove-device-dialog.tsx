import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Device } from '@wattkeeper/contract/device.ts';
import { removeDevice } from '@wattkeeper/contract/endpoints/devices.ts';
import { useState } from 'react';
import { useServices, useText } from '../../app-context.tsx';
import { TextField } from '../../ui/controls/field.tsx';
import { FormDialog } from '../../ui/feedback/form-dialog.tsx';
import styles from './sites.module.css';

interface RemoveDeviceDialogProps {
  readonly device: Device;
  readonly onClose: () => void;
}

/** Asks for the name of a device with readings as confirmation before both are deleted. */
export function RemoveDeviceDialog({ device, onClose }: RemoveDeviceDialogProps) {
  const text = useText();
  const [typed, setTyped] = useState('');
  const { api } = useServices();
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.call(removeDevice, { params: { id: device.id }, query: { confirm: typed } }),
    onSuccess: async () => {
      await cache.invalidateQueries();
      onClose();
    },
  });
  return (
    <FormDialog
      onClose={onClose}
      title={text('devices.remove', { name: device.name })}
      description={text('devices.remove_note')}
      className={styles.form}
      request={remove}
      onSubmit={() => remove.mutate()}
      action={text('action.delete')}
      kind="danger"
      blocked={typed !== device.name}
    >
      <TextField
        label={text('devices.type_name', { name: device.name })}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </FormDialog>
  );
}
