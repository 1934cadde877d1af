import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Device } from '@wattkeeper/contract/device.ts';
import { removeDevice } from '@wattkeeper/contract/endpoints/devices.ts';
import { type SyntheticEvent, useId, useState } from 'react';
import { useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { TextField } from '../../ui/controls/field.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import styles from './sites.module.css';

interface RemoveDeviceDialogProps {
  readonly device: Device;
  readonly onClose: () => void;
}

/** Asks for the name of a device with readings as confirmation before both are deleted. */
export function RemoveDeviceDialog({ device, onClose }: RemoveDeviceDialogProps) {
  const text = useText();
  const form = useId();
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
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    remove.mutate();
  };
  return (
    <Modal
      open
      onClose={onClose}
      title={text('devices.remove', { name: device.name })}
      description={text('devices.remove_note')}
      footer={
        <>
          <Button onClick={onClose}>{text('action.cancel')}</Button>
          <Button type="submit" form={form} kind="danger" disabled={typed !== device.name || remove.isPending}>
            {text('action.delete')}
          </Button>
        </>
      }
    >
      <form id={form} className={styles.form} onSubmit={submit}>
        {remove.isError ? <ErrorNote error={remove.error} /> : null}
        <TextField
          label={text('devices.type_name', { name: device.name })}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </form>
    </Modal>
  );
}
