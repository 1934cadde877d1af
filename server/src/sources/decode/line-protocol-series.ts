import { metricNameFault } from '@wattkeeper/contract/metric.ts';
import { nameFault } from '@wattkeeper/contract/names.ts';
import { BlockBuilder } from './line-protocol-block.ts';
import { type DeviceRules, deviceOfTags } from './line-protocol-device.ts';

/** What stands before the fields of a line: measurement and tags. */
export interface SeriesKey {
  readonly bytes: Uint8Array;
  readonly builder: BlockBuilder;
  readonly device: number;
}

/** Series with the same hash that are remembered: names can be made up so that all have the same. */
const MAX_SAME_HASH = 16;
const BACKSLASH = 92;
const COMMA = 44;
const EQUALS = 61;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Knows every measurement with its tags that this request has named, by its bytes, so that a line costs no strings. */
export class SeriesKeys {
  /** What the tags say of each device. */
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

  /** The series of `bytes[from … to)`; `hash` belongs to these bytes. A text tells what is wrong with them. */
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
    const parts = splitUnescaped(bytes, COMMA).map((part) => splitUnescaped(part, EQUALS));
    const texts = parts.map((part) => part.map(unescapeName));
    const [measurement, ...tags] = texts as [(string | null)[], ...(string | null)[][]];
    if (texts.flat().includes(null)) return 'invalid UTF-8';
    const group = measurement.join('=');
    if (group === '') return 'missing measurement';
    const fault = metricNameFault(`${group}.x`);
    if (fault !== null) return `the measurement cannot be a metric group: ${fault}`;
    if (tags.some((tag) => tag.length !== 2 || tag[0] === '')) return 'missing tag value';
    if (tags.some(([, value]) => value === '')) return 'missing tag value';
    const named = new Map(tags as [string, string][]);
    if (named.size < tags.length) return 'duplicate tags';
    const { name, labels } = deviceOfTags(named, this.#rules);
    const unnamed = nameFault(name);
    if (unnamed !== null) return `the tags cannot name a device, which ${unnamed}`;
    this.labels.set(name, { ...this.labels.get(name), ...labels });
    const builder = this.#builders.get(group) ?? new BlockBuilder(group);
    this.#builders.set(group, builder);
    return { bytes, builder, device: builder.deviceIndex(name) };
  }
}

/** Text of a name: `\,`, `\=` and `\ ` stand for the character itself; null when it is not UTF-8. */
export function unescapeName(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes).replace(/\\([,= ])/g, '$1');
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function splitUnescaped(bytes: Uint8Array, separator: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === BACKSLASH) i++;
    else if (bytes[i] === separator) {
      parts.push(bytes.subarray(from, i));
      from = i + 1;
    }
  }
  parts.push(bytes.subarray(from));
  return parts;
}

function equals(known: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[from + i]) return false;
  return true;
}
