import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { GrantableScope, Scope } from '@wattkeeper/contract/access/auth.ts';
import { GRANTABLE_SCOPES } from '@wattkeeper/contract/access/scopes.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { createToken, revokeToken } from '@wattkeeper/contract/endpoints/access.ts';
import { Trash2 } from 'lucide-react';
import { type SyntheticEvent, useState } from 'react';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { Button, IconButton } from '../../ui/controls/button.tsx';
import { CopyBlock } from '../../ui/controls/copy.tsx';
import { CheckField, SelectField, TextField } from '../../ui/controls/field.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import { FeaturesPanel } from './features-panel.tsx';
import styles from './system.module.css';
import { UsersPanel } from './users-panel.tsx';

const TOKEN_DAYS = [1, 30, 90, 365];

/** Features, users, API tokens and the audit log. */
export function AccessPanels() {
  const isAdmin = useQuery(useQueries().me()).data?.scopes.includes('admin') ?? false;
  return (
    <>
      <FeaturesPanel mayChange={isAdmin} />
      {isAdmin ? <UsersPanel /> : null}
      <TokensPanel />
      {isAdmin ? <AuditPanel /> : null}
    </>
  );
}

function TokensPanel() {
  const text = useText();
  const { api } = useServices();
  const cache = useQueryClient();
  const own = useQuery(useQueries().me()).data?.scopes ?? [];
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly GrantableScope[]>(['read', 'write']);
  const [days, setDays] = useState('');
  const refresh = () => cache.invalidateQueries({ queryKey: ['tokens'] });
  const create = useMutation({
    mutationFn: () => {
      const expires = days === '' ? null : new Date(Date.now() + Number(days) * UTC_DAY_MS).toISOString();
      return api.call(createToken, { body: { name, scopes: [...scopes], expires_at: expires } });
    },
    onSuccess: () => {
      setName('');
      return refresh();
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Panel title={text('system.tokens')} note={text('system.tokens_note')}>
      <form className={styles.form} onSubmit={submit}>
        <div className={styles.field}>
          <TextField
            label={text('system.token_name')}
            value={name}
            onChange={(event) => setName(event.target.value)}
            required
            maxLength={200}
          />
        </div>
        <div className={styles.field}>
          <SelectField label={text('system.expires')} value={days} onChange={(event) => setDays(event.target.value)}>
            <option value="">{text('system.never')}</option>
            {TOKEN_DAYS.map((count) => (
              <option key={count} value={count}>
                {text('system.in_days', { count })}
              </option>
            ))}
          </SelectField>
        </div>
        <ScopeChoices own={own} chosen={scopes} onChange={setScopes} />
        <Button type="submit" kind="primary" disabled={create.isPending || scopes.length === 0}>
          {text('system.create_token')}
        </Button>
      </form>
      {create.isError ? <ErrorNote error={create.error} /> : null}
      {create.data ? (
        <div role="status">
          <p>{text('system.token_once')}</p>
          <CopyBlock value={create.data.token} label={text('system.token')} />
        </div>
      ) : null}
      <TokenTable onChange={refresh} />
    </Panel>
  );
}

interface ScopeChoicesProps {
  readonly own: readonly Scope[];
  readonly chosen: readonly GrantableScope[];
  readonly onChange: (scopes: readonly GrantableScope[]) => void;
}

function ScopeChoices({ own, chosen, onChange }: ScopeChoicesProps) {
  const text = useText();
  return (
    <fieldset className={styles.choices}>
      <legend>{text('system.scopes')}</legend>
      {GRANTABLE_SCOPES.filter((scope) => own.includes(scope)).map((scope) => (
        <CheckField
          key={scope}
          label={text(`system.scope_${scope}`)}
          checked={chosen.includes(scope)}
          onChange={(event) =>
            onChange(event.target.checked ? [...chosen, scope] : chosen.filter((other) => other !== scope))
          }
        />
      ))}
    </fieldset>
  );
}

function TokenTable({ onChange }: { readonly onChange: () => Promise<void> }) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const revoke = useMutation({
    mutationFn: (id: string) => api.call(revokeToken, { params: { id } }),
    onSuccess: onChange,
  });
  const head = [text('system.token'), text('system.scopes'), text('system.expires'), text('system.last_used'), ''];
  return (
    <>
      {revoke.isError ? <ErrorNote error={revoke.error} /> : null}
      <QueryView query={useQuery(useQueries().tokens())} height="4rem">
        {(tokens) =>
          tokens.length === 0 ? (
            <p className={styles.quiet}>{text('system.no_tokens')}</p>
          ) : (
            <Table caption={text('system.tokens')} head={head}>
              {tokens.map((token) => (
                <tr key={token.id}>
                  <th scope="row">{token.name}</th>
                  <td>{token.scopes.map((scope) => text(`system.scope_${scope}`)).join(', ')}</td>
                  <td>{token.expires_at ? format.dateTime(Date.parse(token.expires_at)) : text('system.never')}</td>
                  <td>{token.last_used_at ? format.dateTime(Date.parse(token.last_used_at)) : text('system.never')}</td>
                  <td data-numeric>
                    <IconButton
                      icon={Trash2}
                      label={text('system.revoke', { name: token.name })}
                      onClick={() => revoke.mutate(token.id)}
                    />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </QueryView>
    </>
  );
}

function AuditPanel() {
  const text = useText();
  const format = useFormat();
  const head = [text('system.time'), text('system.actor'), text('system.action'), text('system.target')];
  return (
    <Panel title={text('system.audit')}>
      <QueryView query={useQuery(useQueries().audit())} height="8rem">
        {({ items }) => (
          <Table caption={text('system.audit')} head={head} maxHeight="20rem">
            {items.map((entry) => (
              <tr key={entry.id}>
                <td>{format.dateTime(Date.parse(entry.at))}</td>
                <td>{entry.actor}</td>
                <td>{entry.action.replaceAll('_', ' ')}</td>
                <td>{[entry.target, entry.detail].filter(Boolean).join(' ')}</td>
              </tr>
            ))}
          </Table>
        )}
      </QueryView>
    </Panel>
  );
}
