import { createHash } from 'node:crypto';
import { MAX_LABEL_CHARACTERS, MAX_LABEL_VALUE_CHARACTERS, MAX_NAME_CHARACTERS } from '@wattkeeper/contract/names.ts';

/** Which tags identify a device, and which only describe it. */
export interface DeviceRules {
  /** A line's device is named by the first of these tags that it has. */
  readonly deviceTags: readonly string[];
  /** Tags that describe a device: `os`, or `domain=sensor` for one value only. All other tags distinguish series. */
  readonly labelTags: readonly string[];
}

/** A device as identified by a line's tags. */
export interface TaggedDevice {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Name of the device of lines without tags. */
export const UNTAGGED_DEVICE = 'line-protocol';

const DIGEST_LENGTH = 16;

/**
 * The device of a line, which depends on the line's tags and the rules alone, not on earlier lines, so that the same lines give
 * the same devices in any order: see docs/decisions/0004-tags-that-distinguish-series.md.
 *
 * - `host=a` and descriptions → `a`, labelled with the descriptions;
 * - `host=a,cpu=cpu0` → `a/cpu=cpu0`, labelled with all its tags;
 * - without a device tag: all tags, `loadpoint=Garage`; without any tag: `line-protocol`.
 */
export function deviceOfTags(tags: ReadonlyMap<string, string>, rules: DeviceRules): TaggedDevice {
  const tag = rules.deviceTags.find((name) => tags.has(name));
  if (tag === undefined) return { name: shortened(pairsOf([...tags]) || UNTAGGED_DEVICE), labels: labelsOf([...tags]) };
  const others = [...tags].filter(([name]) => name !== tag);
  const distinguishing = others.filter(([name, value]) => !describes(name, value, rules.labelTags));
  const device = tags.get(tag) as string;
  if (distinguishing.length === 0) return { name: shortened(device), labels: labelsOf(others) };
  return { name: shortened(`${device}/${pairsOf(distinguishing)}`), labels: labelsOf([...tags]) };
}

function describes(name: string, value: string, labelTags: readonly string[]): boolean {
  return labelTags.includes(name) || labelTags.includes(`${name}=${value}`);
}

/** `a=1;b=2`, sorted by name; separators within names and values are escaped, so that different tags never give the same text. */
function pairsOf(tags: readonly (readonly [string, string])[]): string {
  return tags
    .map(([name, value]) => `${name.replace(/[\\;=]/g, '\\$&')}=${value.replace(/[\\;]/g, '\\$&')}`)
    .sort()
    .join(';');
}

/** A name that is too long is truncated and ends in a digest of the full name, so that it remains unique. */
function shortened(name: string): string {
  if (name.length <= MAX_NAME_CHARACTERS) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_LENGTH);
  return `${name.slice(0, MAX_NAME_CHARACTERS - DIGEST_LENGTH - 1).toWellFormed()}#${digest}`;
}

function labelsOf(tags: readonly (readonly [string, string])[]): Record<string, string> {
  const labels = tags.filter(([name]) => name.length <= MAX_LABEL_CHARACTERS);
  return Object.fromEntries(
    labels.map(([name, value]) => [name, value.slice(0, MAX_LABEL_VALUE_CHARACTERS).toWellFormed()]),
  );
}
