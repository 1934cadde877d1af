import type { DeviceKind } from '@wattkeeper/contract/device.ts';
import type { IngestAnswer, RejectedValue } from '@wattkeeper/contract/reading.ts';
import type { Block } from '../../domain/columns/batch.ts';
import type { Ingest, Receipt } from '../../ingest/ingest.ts';
import type { Refusal } from '../../ingest/validate.ts';
import type { DecodedLines } from '../../sources/decode/line-protocol.ts';
import { decodeReadings } from '../../sources/decode/readings.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';

type LabelsOf = (device: string) => Readonly<Record<string, string>> | undefined;

/** Maximum number of errors that an answer lists individually. */
const MAX_ERRORS_LISTED = 100;
/** Maximum number of slices of one request that are being stored at the same time. */
const MAX_SLICES_AT_ONCE = 4;

/** Accepts readings from any source: replaces device names by ids, registers unknown devices, and passes the readings to the ingest. */
export class IngestService {
  readonly #ingest: Ingest;
  readonly #directory: DeviceDirectory;

  constructor(ingest: Ingest, directory: DeviceDirectory) {
    this.#ingest = ingest;
    this.#directory = directory;
  }

  /** Accepts blocks with device names. If a device cannot be registered, only its own rows are rejected, each with one error. */
  async accept(blocks: readonly Block[]): Promise<Receipt> {
    return this.#acceptKnown(await this.#knownBlocks(blocks));
  }

  /** Accepts lines in slices, in order; changed labels of devices are stored. */
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

  /** Accepts the body of `POST /readings` in slices, each a list or a single reading. If a device cannot be registered, only its own readings are rejected. */
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

  /** Separates the rows of known or newly registered devices from those of devices that cannot be registered; counts the values of the latter. */
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

/** The kind of a device that is registered from a block: the group `energy` belongs to a machine's meter. Undefined if the group does not determine a kind. */
function kindOf({ group }: Block): DeviceKind | undefined {
  return group === 'energy' ? 'machine' : undefined;
}

export interface AcceptedLines {
  readonly decoded: DecodedLines;
  readonly receipt: Receipt;
}

/**
 * Processes slices in order. The next slices begin before the earlier ones have ended, so that they share syncs of the disk; their number is limited, so
 * that memory stays small.
 */
async function* overlapping<T, R>(
  slices: AsyncIterable<T> | Iterable<T>,
  begin: (slice: T) => Promise<{ readonly end: Promise<R> }>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for await (const slice of slices) {
    const { end } = await begin(slice);
    // The await handles the error; an earlier failure may occur before it or prevent it.
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

/** Finds the index of the reading that contains a rejected value. */
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
