import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { DeviceKind } from '@wattkeeper/contract/device.ts';
import { decodeBlocks, encodeBlocks } from '../../domain/columns/batch-codec.ts';
import { type BackupEntry, type BackupKeys, readBackupFile } from '../backup/backup-file.ts';
import { sha256Of } from '../file-digest.ts';
import { type HistoryBatch, UNKNOWN_SEQUENCE } from './open-segment.ts';

/** Name, kind and labels of a device: a device that is newer than the backup of a restore is registered again. */
export interface HistoryDevice {
  readonly name: string;
  readonly kind: DeviceKind;
  readonly labels: Readonly<Record<string, string>>;
}

/** A sealed segment. Instants are those of the acknowledgements, both inclusive, epoch milliseconds. */
export interface Segment {
  readonly name: string;
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** Position in the order of segments; 0 for those of earlier versions, which are ordered by time. */
  readonly number: number;
  /** `HistoryBatch.follows` of its first batch, and the sequence number of its last; `UNKNOWN_SEQUENCE` in segments of earlier versions. */
  readonly follows: number | null;
  readonly last: number;
  /** First digits of the file's SHA-256; null in segments of earlier versions. */
  readonly digest: string | null;
}

/** Batches that are missing from the history, between the acknowledgements of its neighbours (epoch milliseconds; null: unknown). */
export interface Hole {
  readonly from: number | null;
  readonly until: number | null;
  readonly reason: string;
}

const SEALED = '.wkj';
/**
 * `s00000012-41-97-0f3a55c2_START_END.wkj`: number, sequence number before the first batch (x: unknown), sequence number of the last,
 * digest.
 */
const NAME = /^(?:s(\d{8})-(\d+|x)-(\d+)-([\da-f]{8})_)?(\d{4}-\d\d-\d\dT[\d.]+Z)_(\d{4}-\d\d-\d\dT[\d.]+Z)\.wkj$/;
const DEVICES_ENTRY = 'devices.json';

export function isSegment(name: string): boolean {
  const { start, end } = spanOf(name);
  return !Number.isNaN(start) && !Number.isNaN(end);
}

/** Instants of the acknowledgement of the first and the last batch of a segment. */
export function spanOf(name: string): { start: number; end: number } {
  const [, , , , , start = '', end = ''] = NAME.exec(name) ?? [];
  return { start: instantOf(start), end: instantOf(end) };
}

/** Sealed segments in the order in which they were written; empty when the folder is missing or unreadable. */
export async function segmentsIn(folder: string): Promise<Segment[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter(isSegment)
    .map((name) => {
      const [, number = '0', follows = 'x', last = UNKNOWN_SEQUENCE, digest = null] = NAME.exec(name) ?? [];
      const place = {
        number: Number(number),
        follows: follows === 'x' ? null : Number(follows),
        last: Number(last),
        digest,
      };
      return { name, path: join(folder, name), ...spanOf(name), ...place };
    })
    .sort((a, b) => a.number - b.number || a.start - b.start);
}

/** @param sha256 of the segment's file */
export function segmentName(number: number, batches: readonly HistoryBatch[], sha256: string): string {
  const instants = batches.map(({ acceptedAt }) => acceptedAt);
  const [start, end] = [Math.min(...instants), Math.max(...instants)].map(fileInstant);
  const last = batches.at(-1)!.sequence;
  const place =
    last === UNKNOWN_SEQUENCE
      ? ''
      : `s${String(number).padStart(8, '0')}-${batches[0]!.follows ?? 'x'}-${last}-${sha256.slice(0, 8)}_`;
  return `${place}${start}_${end}${SEALED}`;
}

/** The entries of a sealed segment. */
export async function* segmentEntries(
  batches: readonly HistoryBatch[],
  deviceOf: (id: string) => HistoryDevice | undefined,
): AsyncGenerator<BackupEntry> {
  const ids = new Set(batches.flatMap(({ blocks }) => blocks.flatMap(({ devices }) => devices)));
  const devices = [...ids].map((id) => [id, deviceOf(id)] as const).filter(([, device]) => device !== undefined);
  yield { name: DEVICES_ENTRY, data: Buffer.from(JSON.stringify(Object.fromEntries(devices))) };
  for (const [i, { acceptedAt, sequence, follows, blocks }] of batches.entries()) {
    const place = sequence === UNKNOWN_SEQUENCE ? '' : `-${sequence}-${follows ?? 'x'}`;
    yield { name: `${String(i).padStart(8, '0')}-${acceptedAt}${place}`, data: encodeBlocks(blocks) };
  }
}

/**
 * The batches of a sealed segment, each with its own checksum; of a damaged one, those before the damage.
 * @throws Corrupt or an error of the file system at the damage, Forbidden when no key decrypts it
 */
export async function* readSegment(
  path: string,
  keys: BackupKeys,
  onDevices: (devices: ReadonlyMap<string, HistoryDevice>) => void,
): AsyncGenerator<HistoryBatch> {
  for await (const { name, data } of readBackupFile(path, keys)) {
    if (name === DEVICES_ENTRY) {
      onDevices(parseDevices(Buffer.from(data).toString()));
      continue;
    }
    const [, acceptedAt, sequence = UNKNOWN_SEQUENCE, follows = 'x'] = name.split('-');
    yield {
      sequence: Number(sequence),
      follows: follows === 'x' ? null : Number(follows),
      acceptedAt: Number(acceptedAt),
      blocks: decodeBlocks(data),
    };
  }
}

/** Whether a segment's file matches its digest. */
export async function isWhole({ path, digest }: Segment): Promise<boolean> {
  return digest === null || (await sha256Of(path)).startsWith(digest);
}

/** Throws a SyntaxError for a text that is not a list of devices. */
export function parseDevices(text: string): Map<string, HistoryDevice> {
  const devices = JSON.parse(text) as Record<string, HistoryDevice>;
  if (typeof devices !== 'object' || devices === null || Array.isArray(devices))
    throw new SyntaxError('not a list of devices');
  return new Map(Object.entries(devices));
}

/** The hole between a batch and the next one found; null without one. */
export function holeBetween(
  before: Pick<HistoryBatch, 'sequence' | 'acceptedAt'> | null,
  next: Pick<HistoryBatch, 'follows' | 'sequence' | 'acceptedAt'>,
): Hole | null {
  if (before === null || before.sequence === UNKNOWN_SEQUENCE || next.sequence === UNKNOWN_SEQUENCE) return null;
  if (next.follows !== null && next.follows <= before.sequence) return null;
  const span = { from: before.acceptedAt, until: next.acceptedAt };
  if (next.follows === null) return { ...span, reason: 'nothing was kept, or the journal was replaced' };
  return { ...span, reason: `the batches from ${before.sequence + 1} to ${next.follows} are missing` };
}

/** A contiguous part of the chain of batches, given by its first and last batch. */
export interface Stretch {
  readonly follows?: number | null;
  readonly startsAt?: number;
  readonly sequence: number;
  readonly acceptedAt: number;
}

export function placeOf({ follows, start, last, end }: Segment): Stretch {
  return { follows, startsAt: start, sequence: last, acceptedAt: end };
}

/** Holes between contiguous parts of the chain. */
export function holesBetween(stretches: readonly Stretch[]): Hole[] {
  return stretches.slice(1).flatMap((next, i) => {
    const { follows = null, startsAt = next.acceptedAt, sequence } = next;
    return holeBetween(stretches[i]!, { follows, sequence, acceptedAt: startsAt }) ?? [];
  });
}

export function describeHole({ from, until, reason }: Hole): string {
  const [start, end] = [from, until].map((instant) =>
    instant === null ? 'an unknown instant' : formatInstant(instant),
  );
  return `between ${start} and ${end}: ${reason}`;
}

/** A hole with instants as texts, for JSON. */
export function toMissing({ from, until, reason }: Hole) {
  return { from: from && formatInstant(from), until: until && formatInstant(until), reason };
}

/** `2026-11-21T013000.123Z`: without colons, which some file systems reject. */
export function fileInstant(instant: number): string {
  return formatInstant(instant).replaceAll(':', '');
}

function instantOf(text: string): number {
  return Date.parse(text.replace(/T(\d{2})(\d{2})/, 'T$1:$2:'));
}
