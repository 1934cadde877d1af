import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { decideQuarantine } from '@wattkeeper/contract/endpoints/storage.ts';
import type { QuarantinedValue } from '@wattkeeper/contract/service.ts';
import { useFormat, useQueries, useServices, useText } from '../../app-context.tsx';
import { Button } from '../../ui/controls/button.tsx';
import { ErrorNote } from '../../ui/feedback/notice.tsx';
import { QueryView } from '../../ui/feedback/query-view.tsx';
import { Panel } from '../../ui/layout/panel.tsx';
import { Table } from '../../ui/layout/table.tsx';
import styles from './system.module.css';

/** Implausible values with their reasons, to accept or discard. */
export function QuarantinePanel() {
  const text = useText();
  return (
    <Panel title={text('system.quarantine')} note={text('system.quarantine_note')}>
      <QueryView query={useQuery(useQueries().quarantine())} height="4rem">
        {(values) =>
          values.length === 0 ? (
            <p className={styles.quiet}>{text('system.no_quarantine')}</p>
          ) : (
            <QuarantineTable values={values} />
          )
        }
      </QueryView>
    </Panel>
  );
}

function QuarantineTable({ values }: { readonly values: readonly QuarantinedValue[] }) {
  const text = useText();
  const format = useFormat();
  const { api } = useServices();
  const cache = useQueryClient();
  const decide = useMutation({
    mutationFn: (decision: 'accept' | 'discard') =>
      api.call(decideQuarantine, { body: { ids: values.map(({ id }) => id), decision } }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['quarantine'] }),
  });
  const head = [
    text('system.metric'),
    text('system.time'),
    { label: text('system.value'), numeric: true },
    text('system.reason'),
  ];
  return (
    <>
      <Table caption={text('system.quarantine')} head={head} maxHeight="20rem">
        {values.map((value) => (
          <tr key={value.id}>
            <th scope="row">{value.metric}</th>
            <td>{format.dateTime(Date.parse(value.timestamp))}</td>
            <td data-numeric>{format.figure(value.value)}</td>
            <td>{value.reason}</td>
          </tr>
        ))}
      </Table>
      <div className={styles.actions}>
        <Button disabled={decide.isPending} onClick={() => decide.mutate('accept')}>
          {text('system.accept')}
        </Button>
        <Button kind="danger" disabled={decide.isPending} onClick={() => decide.mutate('discard')}>
          {text('system.discard')}
        </Button>
      </div>
      {decide.isError ? <ErrorNote error={decide.error} /> : null}
    </>
  );
}
