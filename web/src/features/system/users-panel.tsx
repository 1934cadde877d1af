import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Role, type User } from '@wattkeeper/contract/access/auth.ts';
import { changeUser, createUser, removeUser } from '@wattkeeper/contract/endpoints/access.ts';
import { KeyRound, Trash2 } from 'lucide-react';
import { type SyntheticEvent, useState } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { Button, IconButton } from '../../ui/controls/button.tsx';
import { SelectField, TextField } from '../../ui/controls/field.tsx';
import { Modal } from '../../ui/feedback/dialog.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './system.module.css';

const MIN_PASSWORD_CHARACTERS = 10;

/** Users and their roles. */
export function UsersPanel() {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const add = useMutation({
    mutationFn: () => api.call(createUser, { body: { username, password, role } }),
    onSuccess: () => {
      setUsername('');
      setPassword('');
      return cache.invalidateQueries({ queryKey: ['users'] });
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Panel title={text('system.users')} note={text('system.users_note')}>
      <form className={styles.form} onSubmit={submit}>
        <div className={styles.field}>
          <TextField
            label={text('sign_in.username')}
            value={username}
            onChange={(event) => setUsername(event.target.value)}
            required
            maxLength={64}
          />
        </div>
        <div className={styles.field}>
          <TextField
            label={text('sign_in.password')}
            type="password"
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
            required
            minLength={MIN_PASSWORD_CHARACTERS}
          />
        </div>
        <div className={styles.field}>
          <RoleField value={role} onChange={setRole} />
        </div>
        <Button type="submit" kind="primary" disabled={add.isPending}>
          {text('system.add_user')}
        </Button>
      </form>
      {add.isError ? <ErrorNote error={add.error} /> : null}
      <QueryView query={useQuery(useQueries().users())} height="4rem">
        {(users) => <UserTable users={users} />}
      </QueryView>
    </Panel>
  );
}

function RoleField({ value, onChange }: { readonly value: Role; readonly onChange: (role: Role) => void }) {
  const text = useText();
  return (
    <SelectField
      label={text('system.role')}
      value={value}
      onChange={(event) => onChange(Role.parse(event.target.value))}
    >
      {Role.options.map((role) => (
        <option key={role} value={role}>
          {text(`system.role_${role}`)}
        </option>
      ))}
    </SelectField>
  );
}

function UserTable({ users }: { readonly users: readonly User[] }) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const cache = useQueryClient();
  const [changing, setChanging] = useState<User | null>(null);
  const remove = useMutation({
    mutationFn: (id: string) => api.call(removeUser, { params: { id } }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['users'] }),
  });
  return (
    <>
      {remove.isError ? <ErrorNote error={remove.error} /> : null}
      <Table caption={text('system.users')} head={[text('system.user'), text('system.role'), text('system.since'), '']}>
        {users.map((user) => (
          <tr key={user.id}>
            <th scope="row">
              {user.username}
              {user.has_password ? null : <div className={styles.quiet}>{text('system.no_password')}</div>}
            </th>
            <td>{text(`system.role_${user.role}`)}</td>
            <td>{format.dateTime(Date.parse(user.created_at))}</td>
            <td data-numeric>
              <IconButton
                icon={KeyRound}
                label={text('system.change_user', { name: user.username })}
                onClick={() => setChanging(user)}
              />
              <IconButton
                icon={Trash2}
                label={text('system.remove_user', { name: user.username })}
                onClick={() => remove.mutate(user.id)}
              />
            </td>
          </tr>
        ))}
      </Table>
      {changing ? <ChangeDialog user={changing} onClose={() => setChanging(null)} /> : null}
    </>
  );
}

function ChangeDialog({ user, onClose }: { readonly user: User; readonly onClose: () => void }) {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  const [role, setRole] = useState<Role>(user.role);
  const [password, setPassword] = useState('');
  const change = useMutation({
    mutationFn: () =>
      api.call(changeUser, { params: { id: user.id }, body: { role, ...(password === '' ? {} : { password }) } }),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: ['users'] });
      onClose();
    },
  });
  return (
    <Modal
      open
      onClose={onClose}
      title={text('system.change_user', { name: user.username })}
      footer={
        <>
          <Button onClick={onClose}>{text('action.cancel')}</Button>
          <Button
            kind="primary"
            disabled={change.isPending || (password !== '' && password.length < MIN_PASSWORD_CHARACTERS)}
            onClick={() => change.mutate()}
          >
            {text('action.save')}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <div className={styles.field}>
          <RoleField value={role} onChange={setRole} />
        </div>
        <div className={styles.field}>
          <TextField
            label={text('system.new_password')}
            hint={text('system.new_password_hint', { count: MIN_PASSWORD_CHARACTERS })}
            type="password"
            autoComplete="new-password"
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        </div>
      </div>
      {change.isError ? <ErrorNote error={change.error} /> : null}
    </Modal>
  );
}
