import { metricNameFault } from '@wattkeeper/contract/metric.ts';
import { nameFault } from '@wattkeeper/contract/names.ts';
import { BlockBuilder } from './line-protocol-block.ts';
import { type DeviceRules, deviceOfTags } from './line-protocol-device.ts';

/** The part of a line before its fields: measurement and tags. */
export interface SeriesKey {
  readonly bytes: Uint8Array;
  readonly builder: BlockBuilder;
  readonly device: number;
}

/** Maximum number of cached series with one hash: names can be chosen so that all have the same hash. */
const MAX_SAME_HASH = 16;
const BACKSLASH = 92;
const COMMA = 44;
const EQUALS = 61;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Caches every measurement and tag set of a request by its bytes, so that repeated lines need no strings. */
export class SeriesKeys {
  /** Labels of each device, from its tags. */
  readonly labels = new Map<string, Record<string, string>>();
  readonly #rules: DeviceRules;
  readonly #builders = new Map<string, BlockBuilder>();
  readonly #byHash = new Map<number, SeriesKey[]>();

  constructor(rules: DeviceRules) {
    this.#rules = rules;
  }

  get builders(): Iterable<BlockBuilder> {
    return this.#builders.values();
  }

  /** The series of `bytes[from … to)`, whose hash is `hash`, or an error message. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): SeriesKey | string {
    const candidates = this.#byHash.get(hash);
    if (candidates) {
      for (const candidate of candidates) if (equals(candidate.bytes, bytes, from, to)) return candidate;
    }
    const series = this.#parse(bytes.slice(from, to));
    if (typeof series !== 'string') {
      if (candidates && candidates.length < MAX_SAME_HASH) candidates.push(series);
      else if (!candidates) this.#byHash.set(hash, [series]);
    }
    return series;
  }

  #parse(bytes: Uint8Array): SeriesKey | string {
    if (bytes[0] === COMMA) return 'missing measurement';
    const [measurement, ...parts] = splitTags(bytes);
    const group = unescapeName(measurement!);
    const tags = parts.map(tagOf);
    const fault = tags.find((tag) => typeof tag === 'string');
    if (fault !== undefined) return fault as string;
    if (group === null) return 'invalid UTF-8';
    const unnamed = metricNameFault(`${group}.x`);
    if (unnamed !== null) return `the measurement cannot be a metric group: ${unnamed}`;
    return this.#seriesOf(bytes, group, tags as Tag[]);
  }

  #seriesOf(bytes: Uint8Array, group: string, tags: readonly Tag[]): SeriesKey | string {
    const named = new Map(tags);
    if (named.size < tags.length) return 'duplicate tags';
    const { name, labels } = deviceOfTags(named, this.#rules);
    const fault = nameFault(name);
    if (fault !== null) return `the tags cannot name a device, which ${fault}`;
    this.labels.set(name, { ...this.labels.get(name), ...labels });
    const builder = this.#builders.get(group) ?? new BlockBuilder(group);
    this.#builders.set(group, builder);
    return { bytes, builder, device: builder.deviceIndex(name) };
  }
}

/** Text of a tag's name or value: `\,`, `\=` and `\ ` are escapes of the character itself; null for invalid UTF-8. */
function unescapeTag(bytes: Uint8Array): string | null {
  return textOf(bytes)?.replace(/\\([,= ])/g, '$1') ?? null;
}

/** Text of a measurement or a field key, in which `\"` is an escape as well; null for invalid UTF-8. */
export function unescapeName(bytes: Uint8Array): string | null {
  return textOf(bytes)?.replace(/\\([,"= ])/g, '$1') ?? null;
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

type Tag = readonly [name: string, value: string];

/** Splits measurement and tags. A character is escaped if a backslash precedes it, even one that follows another backslash. */
function splitTags(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let i = 1; i < bytes.length; i++) {
    if (bytes[i] !== COMMA || bytes[i - 1] === BACKSLASH) continue;
    parts.push(bytes.subarray(from, i));
    from = i + 1;
  }
  parts.push(bytes.subarray(from));
  return parts;
}

/** A tag, or InfluxDB's error message. */
function tagOf(bytes: Uint8Array): Tag | string {
  if (bytes.length === 0 || bytes[0] === EQUALS) return 'missing tag key';
  const at = unescapedEquals(bytes, 1);
  if (at < 0 || at === bytes.length - 1) return 'missing tag value';
  // An equals sign at the start of a value belongs to the value.
  if (unescapedEquals(bytes, at + 2) >= 0) return 'invalid tag format';
  const [name, value] = [unescapeTag(bytes.subarray(0, at)), unescapeTag(bytes.subarray(at + 1))];
  return name === null || value === null ? 'invalid UTF-8' : [name, value];
}

function unescapedEquals(bytes: Uint8Array, from: number): number {
  for (let i = from; i < bytes.length; i++) if (bytes[i] === EQUALS && bytes[i - 1] !== BACKSLASH) return i;
  return -1;
}

function equals(known: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[from + i]) return false;
  return true;
}
