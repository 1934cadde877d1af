import { createHash } from 'node:crypto';

/** Which tags name a device, and which only describe it. */
export interface DeviceRules {
  /** The first of these tags that a line has names its device. */
  readonly deviceTags: readonly string[];
  /** Tags that describe a device: `os`, or `domain=sensor` for one value only. Any other tag tells series apart. */
  readonly labelTags: readonly string[];
}

/** A device as a line's tags tell it. */
export interface TaggedDevice {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Name of the device of lines without any tag. */
export const UNTAGGED_DEVICE = 'line-protocol';

/** What a device's name and labels may hold. */
const MAX_NAME_LENGTH = 200;
const MAX_LABEL_LENGTH = 100;
const MAX_LABEL_VALUE_LENGTH = 500;
const DIGEST_LENGTH = 16;

/**
 * The device of a line. It depends on the line's own tags and the rules alone, never on what came before, so that the same lines make
 * the same devices in any order: see docs/decisions/0004-tags-that-tell-series-apart.md.
 *
 * - `host=a` and descriptions → `a`, labelled with the descriptions;
 * - `host=a,cpu=cpu0` → `a/cpu=cpu0`, labelled with all its tags;
 * - without a device tag: all tags, `loadpoint=Garage`; without any tag: `line-protocol`.
 */
export function deviceOfTags(tags: ReadonlyMap<string, string>, rules: DeviceRules): TaggedDevice {
  const tag = rules.deviceTags.find((name) => tags.has(name));
  if (tag === undefined) return { name: shortened(pairsOf([...tags]) || UNTAGGED_DEVICE), labels: labelsOf([...tags]) };
  const others = [...tags].filter(([name]) => name !== tag);
  const telling = others.filter(([name, value]) => !describes(name, value, rules.labelTags));
  const device = tags.get(tag) as string;
  if (telling.length === 0) return { name: shortened(device), labels: labelsOf(others) };
  return { name: shortened(`${device}/${pairsOf(telling)}`), labels: labelsOf([...tags]) };
}

function describes(name: string, value: string, labelTags: readonly string[]): boolean {
  return labelTags.includes(name) || labelTags.includes(`${name}=${value}`);
}

/** `a=1;b=2` by name; what could be taken for a separator is escaped, so that different tags never give the same text. */
function pairsOf(tags: readonly (readonly [string, string])[]): string {
  return tags
    .map(([name, value]) => `${name.replace(/[\\;=]/g, '\\$&')}=${value.replace(/[\\;]/g, '\\$&')}`)
    .sort()
    .join(';');
}

/** A name that is too long ends in a digest of the whole, so that it stays unlike any other. */
function shortened(name: string): string {
  if (name.length <= MAX_NAME_LENGTH) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_LENGTH);
  return `${name.slice(0, MAX_NAME_LENGTH - DIGEST_LENGTH - 1).toWellFormed()}#${digest}`;
}

function labelsOf(tags: readonly (readonly [string, string])[]): Record<string, string> {
  const labels = tags.filter(([name]) => name.length <= MAX_LABEL_LENGTH);
  return Object.fromEntries(
    labels.map(([name, value]) => [name, value.slice(0, MAX_LABEL_VALUE_LENGTH).toWellFormed()]),
  );
}
