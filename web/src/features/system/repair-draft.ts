import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { RepairOperation, RepairRequest } from '@wattkeeper/contract/storage/repair.ts';
import { fromLocalField, toLocalField } from '../../data/period.ts';

export const OPERATIONS = [
  'delete',
  'interpolate',
  'scale',
  'set',
  'shift',
] as const satisfies readonly RepairOperation['type'][];

/** The fields of the dialog: texts, and times in the site's local time. */
export interface RepairDraft {
  readonly deviceId: string;
  readonly metric: string;
  readonly from: string;
  readonly to: string;
  readonly operation: RepairOperation['type'];
  readonly factor: string;
  readonly offset: string;
  readonly value: string;
  readonly seconds: string;
  readonly reason: string;
}

/** A draft for a series; default window: the last hour. */
export function newDraft(
  series: { readonly deviceId: string; readonly metric: string },
  now: number,
  zone: string,
): RepairDraft {
  return {
    ...series,
    from: toLocalField(now - HOUR_MS, zone),
    to: toLocalField(now, zone),
    operation: 'delete',
    factor: '1',
    offset: '0',
    value: '0',
    seconds: '3600',
    reason: '',
  };
}

/** The request body; null while a field is invalid. */
export function requestOf(draft: RepairDraft, zone: string): RepairRequest | null {
  const [start, end] = [fromLocalField(draft.from, zone), fromLocalField(draft.to, zone)];
  const operation = operationOf(draft);
  if (!draft.deviceId || !draft.metric || !(end > start) || operation === null) return null;
  return {
    device_id: draft.deviceId,
    metric: draft.metric,
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    operation,
    reason: draft.reason,
  };
}

function operationOf({ operation: type, ...draft }: RepairDraft): RepairOperation | null {
  const number = (text: string) => (text.trim() === '' ? Number.NaN : Number(text));
  const [factor, offset, value, seconds] = [draft.factor, draft.offset, draft.value, draft.seconds].map(number) as [
    number,
    number,
    number,
    number,
  ];
  switch (type) {
    case 'delete':
    case 'interpolate':
      return { type };
    case 'scale':
      return Number.isFinite(factor) && Number.isFinite(offset) ? { type, factor, offset } : null;
    case 'set':
      return Number.isFinite(value) ? { type, value } : null;
    case 'shift':
      return Number.isFinite(seconds) && seconds !== 0 ? { type, seconds } : null;
  }
}
