import type { Device, DeviceKind, DevicePatch } from '@wattkeeper/contract/device.ts';
import { fromLocalField, toLocalField } from '../../data/period.ts';

/** A device in its form: each field as displayed text. */
export interface DeviceDraft {
  readonly name: string;
  readonly kind: DeviceKind;
  readonly siteId: string;
  readonly ratedPowerKw: string;
  readonly expectedIntervalS: string;
  readonly holdsS: string;
  readonly retired: boolean;
  /** Retirement as local time of the site. */
  readonly retiredAt: string;
}

/** @param now epoch milliseconds: the default instant of a retirement */
export function deviceDraft(device: Device, zone: string, now: number): DeviceDraft {
  const written = (value: number | null) => (value === null ? '' : String(value));
  return {
    name: device.name,
    kind: device.kind,
    siteId: device.site_id,
    ratedPowerKw: written(device.rated_power_kw),
    expectedIntervalS: written(device.expected_interval_s),
    holdsS: written(device.holds_s),
    retired: device.retired_at !== null,
    retiredAt: toLocalField(device.retired_at === null ? now : Date.parse(device.retired_at), zone),
  };
}

/** The changed fields of the device; empty without changes. */
export function devicePatch(device: Device, before: DeviceDraft, draft: DeviceDraft, zone: string): DevicePatch {
  const number = (text: string) => (text.trim() === '' ? null : Number(text));
  const isRetirementNew = draft.retired !== before.retired || (draft.retired && draft.retiredAt !== before.retiredAt);
  return {
    ...(draft.name.trim() === device.name ? {} : { name: draft.name.trim() }),
    ...(draft.kind === device.kind ? {} : { kind: draft.kind }),
    ...(draft.siteId === device.site_id ? {} : { site_id: draft.siteId }),
    ...(draft.ratedPowerKw === before.ratedPowerKw ? {} : { rated_power_kw: number(draft.ratedPowerKw) }),
    ...(draft.expectedIntervalS === before.expectedIntervalS
      ? {}
      : { expected_interval_s: number(draft.expectedIntervalS) }),
    ...(draft.holdsS === before.holdsS ? {} : { holds_s: number(draft.holdsS) }),
    ...(isRetirementNew
      ? { retired_at: draft.retired ? new Date(fromLocalField(draft.retiredAt, zone)).toISOString() : null }
      : {}),
  };
}
