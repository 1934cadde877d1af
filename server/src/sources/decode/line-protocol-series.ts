import { isMetricName } from '@wattkeeper/contract/metric.ts';
import { BlockBuilder } from './line-protocol-block.ts';

/** What stands before the fields of a line: measurement and tags. */
export interface SeriesKey {
  readonly bytes: Uint8Array;
  readonly builder: BlockBuilder;
  readonly device: number;
}

/** Name of the device of lines without any tag. */
export const UNTAGGED_DEVICE = 'line-protocol';

const BACKSLASH = 92;
const COMMA = 44;
const EQUALS = 61;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Knows every measurement with its tags that this request has named, by its bytes, so that a line costs no strings. */
export class SeriesKeys {
  /** Tags of each device that do not name it. */
  readonly labels = new Map<string, Record<string, string>>();
  readonly #deviceTags: readonly string[];
  readonly #builders = new Map<string, BlockBuilder>();
  readonly #byHash = new Map<number, SeriesKey[]>();

  constructor(deviceTags: readonly string[]) {
    this.#deviceTags = deviceTags;
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
      if (candidates) candidates.push(series);
      else this.#byHash.set(hash, [series]);
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
    if (!isMetricName(`${group}.x`)) return 'the measurement is longer than 198 characters or has control characters';
    if (tags.some((tag) => tag.length !== 2 || tag[0] === '')) return 'missing tag value';
    if (tags.some(([, value]) => value === '')) return 'missing tag value';
    const named = Object.fromEntries(tags as [string, string][]);
    const device = this.#deviceOf(named);
    const builder = this.#builders.get(group) ?? new BlockBuilder(group);
    this.#builders.set(group, builder);
    return { bytes, builder, device: builder.deviceIndex(device) };
  }

  /**
   * The first device tag names the device and the other tags are its labels. Lines without a device tag are told apart by all their
   * tags, since each set of tags is a series of its own.
   */
  #deviceOf(tags: Readonly<Record<string, string>>): string {
    const tag = this.#deviceTags.find((name) => tags[name] !== undefined);
    const others = Object.entries(tags).filter(([name]) => name !== tag);
    const all = others.map(([name, value]) => `${name}=${value}`).sort();
    const device = tag === undefined ? all.join(',').slice(0, 200) || UNTAGGED_DEVICE : (tags[tag] as string);
    if (others.length > 0) this.labels.set(device, { ...this.labels.get(device), ...Object.fromEntries(others) });
    return device;
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
