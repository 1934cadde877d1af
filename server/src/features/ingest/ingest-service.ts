import type { IngestAnswer, RejectedValue } from '@wattkeeper/contract/reading.ts';
import type { Block } from '../../domain/batch.ts';
import { Conflict, InvalidInput } from '../../domain/errors.ts';
import type { Ingest, Receipt } from '../../ingest/ingest.ts';
import type { Refusal } from '../../ingest/validate.ts';
import { decodeReadings } from '../../sources/decode/readings.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';

type LabelsOf = (device: string) => Readonly<Record<string, string>> | undefined;

/** Errors that an answer tells one by one. */
const MAX_ERRORS_TOLD = 100;

/** Takes readings from whatever source: device names become ids, unknown devices are registered, the rest is the ingest's. */
export class IngestService {
  readonly #ingest: Ingest;
  readonly #directory: DeviceDirectory;

  constructor(ingest: Ingest, directory: DeviceDirectory) {
    this.#ingest = ingest;
    this.#directory = directory;
  }

  /** Takes blocks whose devices are named. A device that cannot be registered costs only its own rows, of which each is one refusal. */
  accept(blocks: readonly Block[]): Promise<Receipt> {
    return this.acceptLines(blocks, () => undefined);
  }

  /**
   * Takes what lines told; labels are noted for devices that have others. A device that cannot be registered costs only its own
   * lines, of which each is one refusal.
   */
  async acceptLines(blocks: readonly Block[], labelsOf: LabelsOf): Promise<Receipt> {
    const usable: Block[] = [];
    const refusals: Refusal[] = [];
    let rejected = 0;
    for (const block of blocks) {
      const known = await this.#withKnownDevices(block, labelsOf);
      usable.push(known.usable);
      rejected += known.values;
      for (const { row, reason } of known.refused) {
        const deviceId = block.devices[block.device[row] as number] as string;
        const timestamp = block.timestamps[row] as number;
        refusals.push({ deviceId, metric: null, timestamp, code: 'invalid_device', detail: reason });
      }
    }
    const receipt = await this.#ingest.accept(usable);
    return {
      ...receipt,
      rejected: receipt.rejected + rejected,
      refusals: [...refusals, ...receipt.refusals].slice(0, MAX_ERRORS_TOLD),
    };
  }

  /** Takes the body of `POST /readings`. A device that cannot be registered costs only its own readings. */
  async acceptReadings(body: unknown): Promise<IngestAnswer> {
    const decoded = decodeReadings(body);
    const errors: RejectedValue[] = [...decoded.errors];
    let rejected = decoded.rejected;
    const blocks: Block[] = [];
    for (const [b, block] of decoded.blocks.entries()) {
      const { usable, refused, values } = await this.#withKnownDevices(block);
      blocks.push(usable);
      const indexes = decoded.indexes[b] as readonly number[];
      for (const { row, reason } of refused) {
        errors.push({ index: indexes[row] as number, metric: null, code: 'invalid_device', detail: reason });
      }
      rejected += values;
    }
    const receipt = await this.#ingest.accept(blocks);
    const indexOf = indexFinder(decoded.blocks, decoded.indexes, blocks);
    for (const { deviceId, metric, timestamp, code, detail } of receipt.refusals) {
      errors.push({ index: indexOf(deviceId, timestamp), metric, code, detail });
    }
    for (const { deviceId, metric, timestamp, reason } of receipt.implausible) {
      errors.push({ index: indexOf(deviceId, timestamp), metric, code: 'quarantined', detail: reason });
    }
    return {
      accepted: receipt.accepted,
      rejected: rejected + receipt.rejected,
      quarantined: receipt.quarantined,
      durable: receipt.durable,
      errors: errors.slice(0, MAX_ERRORS_TOLD),
    };
  }

  /** The rows of devices that are known or can be registered, and those that cannot be, with the number of their values. */
  async #withKnownDevices(block: Block, labelsOf?: LabelsOf): Promise<KnownRows> {
    const reasons = new Map<number, string>();
    const ids = await this.#directory.resolve(block.devices, labelsOf).catch(async (error: unknown) => {
      if (!isRefusal(error)) throw error;
      return this.#resolveEach(block.devices, labelsOf, reasons);
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

  async #resolveEach(names: readonly string[], labelsOf: LabelsOf | undefined, reasons: Map<number, string>) {
    const ids: string[] = [];
    for (const [d, name] of names.entries()) {
      try {
        ids.push(...(await this.#directory.resolve([name], labelsOf)));
      } catch (error) {
        if (!isRefusal(error)) throw error;
        ids.push('');
        reasons.set(d, error.message);
      }
    }
    return ids;
  }
}

interface KnownRows {
  readonly usable: Block;
  readonly refused: readonly { readonly row: number; readonly reason: string }[];
  readonly values: number;
}

/** A name that cannot be one, or one device too many. */
function isRefusal(error: unknown): error is InvalidInput | Conflict {
  return error instanceof InvalidInput || error instanceof Conflict;
}

function pickRows(block: Block, rows: readonly number[]): Block {
  return {
    ...block,
    device: Int32Array.from(rows, (row) => block.device[row] as number),
    timestamps: Float64Array.from(rows, (row) => block.timestamps[row] as number),
    columns: block.columns.map((column) => Float64Array.from(rows, (row) => column[row] as number)),
  };
}

/** Finds the reading that a refused value came from. */
function indexFinder(given: readonly Block[], indexes: readonly (readonly number[])[], resolved: readonly Block[]) {
  return (deviceId: string, timestamp: number): number => {
    for (const [b, block] of given.entries()) {
      const device = (resolved[b] as Block).devices.indexOf(deviceId);
      for (let row = 0; row < block.timestamps.length; row++) {
        if (block.device[row] === device && block.timestamps[row] === timestamp)
          return (indexes[b] as readonly number[])[row] as number;
      }
    }
    return 0;
  };
}
