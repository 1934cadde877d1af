import { useQuery } from '@tanstack/react-query';
import { useFormat, useQueries, useText } from '../../app-context.tsx';
import { WarningLine } from '../../ui/feedback/notice.tsx';

/** One line above every page while the history is incomplete. */
export function HistoryNotice() {
  const text = useText();
  const format = useFormat();
  const { data } = useQuery(useQueries().health());
  const { problem, store, since } = data?.history ?? { problem: null, store: null, since: null };
  if (problem === null || store === null || since === null) return null;
  const values = { store, time: format.dateTime(Date.parse(since)) };
  return (
    <WarningLine>{text(problem === 'gap' ? 'history_notice.gap' : 'history_notice.unavailable', values)}</WarningLine>
  );
}
