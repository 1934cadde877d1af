import type { DeviceKind } from '@wattkeeper/contract/device.ts';
import type { IngestAnswer, RejectedValue } from '@wattkeeper/contract/reading.ts';
import type { Block } from '../../domain/columns/batch.ts';
import type { Ingest, Receipt } from '../../ingest/ingest.ts';
import type { Refusal } from '../../ingest/validate.ts';
import type { DecodedLines } from '../../sources/decode/line-protocol.ts';
import { decodeReadings } from '../../sources/decode/readings.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';

type LabelsOf = (device: string) => Readonly<Record<string, string>> | undefined;

/** Errors that an answer lists individually. */
const MAX_ERRORS_LISTED = 100;
/** Slices of one request that are on their way to the disk together. */
const MAX_SLICES_AT_ONCE = 4;

/** Takes readings from whatever source: device names become ids, unknown devices are registered, the rest is the ingest's. */
export class IngestService {
  readonly #ingest: Ingest;
  readonly #directory: DeviceDirectory;

  constructor(ingest: Ingest, directory: DeviceDirectory) {
    this.#ingest = ingest;
    this.#directory = directory;
  }

  /** Takes blocks whose devices are named. A device that cannot be registered costs only its own rows: one rejection for each. */
  async accept(blocks: readonly Block[]): Promise<Receipt> {
    return this.#acceptKnown(await this.#knownBlocks(blocks));
  }

  /** Takes lines in slices, in order; labels are noted for devices that have others. */
  acceptLines(slices: AsyncIterable<DecodedLines>): AsyncGenerator<AcceptedLines> {
    return overlapping(slices, async (decoded) => {
      const known = await this.#knownBlocks(decoded.blocks, (device) => decoded.labels.get(device));
      return { end: this.#acceptKnown(known).then((receipt) => ({ decoded, receipt })) };
    });
  }

  async #acceptKnown({ usable, refusals, rejected }: KnownBlocks): Promise<Receipt> {
    const receipt = await this.#ingest.accept(usable);
    return {
      ...receipt,
      rejected: receipt.rejected + rejected,
      refusals: [...refusals, ...receipt.refusals].slice(0, MAX_ERRORS_LISTED),
    };
  }

  async #knownBlocks(blocks: readonly Block[], labelsOf?: LabelsOf): Promise<KnownBlocks> {
    const usable: Block[] = [];
    const refusals: Refusal[] = [];
    let rejected = 0;
    for (const block of blocks) {
      const known = await this.#withKnownDevices(block, labelsOf);
      usable.push(known.usable);
      rejected += known.values;
      for (const { row, reason } of known.refused) {
        const deviceId = block.devices[block.device[row]!]!;
        const timestamp = block.timestamps[row]!;
        refusals.push({ deviceId, metric: null, timestamp, code: 'invalid_device', detail: reason });
      }
    }
    return { usable, refusals, rejected };
  }

  /** Takes the body of `POST /readings` in slices: each a list, or a single reading. A device that cannot be registered costs only its own readings. */
  async acceptReadings(slices: AsyncIterable<unknown> | Iterable<unknown>): Promise<IngestAnswer> {
    const sum = { accepted: 0, rejected: 0, quarantined: 0, durable: true };
    const errors: RejectedValue[] = [];
    let index = 0;
    for await (const { readings, answer } of overlapping(slices, (slice) => this.#beginReadings(slice))) {
      sum.accepted += answer.accepted;
      sum.rejected += answer.rejected;
      sum.quarantined += answer.quarantined;
      sum.durable &&= answer.durable;
      for (const error of answer.errors.slice(0, MAX_ERRORS_LISTED - errors.length))
        errors.push({ ...error, index: index + error.index });
      index += readings;
    }
    return { ...sum, errors };
  }

  async #beginReadings(body: unknown): Promise<{ end: Promise<{ readings: number; answer: IngestAnswer }> }> {
    const decoded = decodeReadings(body);
    const errors: RejectedValue[] = [...decoded.errors];
    let rejected = decoded.rejected;
    const blocks: Block[] = [];
    for (const [b, block] of decoded.blocks.entries()) {
      const { usable, refused, values } = await this.#withKnownDevices(block);
      blocks.push(usable);
      const indexes = decoded.indexes[b]!;
      for (const { row, reason } of refused) {
        errors.push({ index: indexes[row]!, metric: null, code: 'invalid_device', detail: reason });
      }
      rejected += values;
    }
    const indexOf = indexFinder(decoded.blocks, decoded.indexes, blocks);
    const end = this.#ingest.accept(blocks).then((receipt) => {
      const { accepted, quarantined, durable } = receipt;
      for (const { deviceId, metric, timestamp, code, detail } of receipt.refusals) {
        errors.push({ index: indexOf(deviceId, timestamp), metric, code, detail });
      }
      for (const { deviceId, metric, timestamp, reason } of receipt.implausible) {
        errors.push({ index: indexOf(deviceId, timestamp), metric, code: 'quarantined', detail: reason });
      }
      const answer = { accepted, rejected: rejected + receipt.rejected, quarantined, durable, errors };
      return { readings: Array.isArray(body) ? body.length : 1, answer };
    });
    return { end };
  }

  /** The rows of devices that are known or can be registered, and those that cannot be, with the number of their values. */
  async #withKnownDevices(block: Block, labelsOf?: LabelsOf): Promise<KnownRows> {
    const reasons = new Map<number, string>();
    const resolved = await this.#directory.resolveEach(block.devices, labelsOf, kindOf(block));
    const ids = resolved.map((id, device) => {
      if (typeof id === 'string') return id;
      reasons.set(device, id.message);
      return '';
    });
    const known = { ...block, devices: ids };
    if (reasons.size === 0) return { usable: known, refused: [], values: 0 };
    const kept: number[] = [];
    const refused: { row: number; reason: string }[] = [];
    let values = 0;
    for (const [row, device] of block.device.entries()) {
      const reason = reasons.get(device);
      if (reason === undefined) kept.push(row);
      else {
        refused.push({ row, reason });
        values += block.columns.filter((column) => !Number.isNaN(column[row])).length;
      }
    }
    return { usable: pickRows(known, kept), refused, values };
  }
}

/** What a device is that registers itself with a block: `energy` is the group of a machine's meter. Undefined where a group does not tell. */
function kindOf({ group }: Block): DeviceKind | undefined {
  return group === 'energy' ? 'machine' : undefined;
}

export interface AcceptedLines {
  readonly decoded: DecodedLines;
  readonly receipt: Receipt;
}

/**
 * Works through slices in order. What has begun for one may end while the next ones begin, so that their syncs of the disk are shared; a few at once, so
 * that memory stays small.
 */
async function* overlapping<T, R>(
  slices: AsyncIterable<T> | Iterable<T>,
  begin: (slice: T) => Promise<{ readonly end: Promise<R> }>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for await (const slice of slices) {
    const { end } = await begin(slice);
    // Handled where it is awaited, which may be after the failure of one before it.
    end.catch(() => {});
    running.push(end);
    if (running.length === MAX_SLICES_AT_ONCE) yield await running.shift()!;
  }
  for (const end of running) yield await end;
}

interface KnownBlocks {
  readonly usable: readonly Block[];
  readonly refusals: readonly Refusal[];
  /** Values of the rejected rows. */
  readonly rejected: number;
}

interface KnownRows {
  readonly usable: Block;
  readonly refused: readonly { readonly row: number; readonly reason: string }[];
  readonly values: number;
}

function pickRows(block: Block, rows: readonly number[]): Block {
  return {
    ...block,
    device: Int32Array.from(rows, (row) => block.device[row]!),
    timestamps: Float64Array.from(rows, (row) => block.timestamps[row]!),
    columns: block.columns.map((column) => Float64Array.from(rows, (row) => column[row]!)),
  };
}

/** Finds the reading that a refused value came from. */
function indexFinder(given: readonly Block[], indexes: readonly (readonly number[])[], resolved: readonly Block[]) {
  return (deviceId: string, timestamp: number): number => {
    for (const [b, block] of given.entries()) {
      const device = resolved[b]!.devices.indexOf(deviceId);
      for (let row = 0; row < block.timestamps.length; row++) {
        if (block.device[row] === device && block.timestamps[row] === timestamp) return indexes[b]![row]!;
      }
    }
    return 0;
  };
}
