import type { IngestAnswer, RejectedValue } from '@wattkeeper/contract/reading.ts';
import type { Block } from '../../domain/batch.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { Ingest, Receipt } from '../../ingest/ingest.ts';
import { decodeReadings } from '../../sources/decode/readings.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';

type Labels = Readonly<Record<string, string>>;

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

  /** Takes blocks whose devices are named; labels are noted for devices that have others. */
  async accept(
    blocks: readonly Block[],
    labelsOf: (device: string) => Labels | undefined = () => undefined,
  ): Promise<Receipt> {
    const resolved: Block[] = [];
    for (const block of blocks)
      resolved.push({ ...block, devices: await this.#directory.resolve(block.devices, labelsOf) });
    return this.#ingest.accept(resolved);
  }

  /** Takes the body of `POST /readings`. A device that cannot be registered costs only its own readings. */
  async acceptReadings(body: unknown): Promise<IngestAnswer> {
    const decoded = decodeReadings(body);
    const errors: RejectedValue[] = [...decoded.errors];
    let rejected = decoded.rejected;
    const blocks: Block[] = [];
    for (const [b, block] of decoded.blocks.entries()) {
      const { usable, refused } = await this.#withKnownDevices(block, decoded.indexes[b] as readonly number[]);
      blocks.push(usable);
      errors.push(...refused.errors);
      rejected += refused.values;
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

  async #withKnownDevices(block: Block, indexes: readonly number[]) {
    const ids: (string | null)[] = [];
    const reasons: string[] = [];
    for (const name of block.devices) {
      try {
        ids.push((await this.#directory.resolve([name]))[0] as string);
        reasons.push('');
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error;
        ids.push(null);
        reasons.push(error.message);
      }
    }
    if (!ids.includes(null))
      return { usable: { ...block, devices: ids as string[] }, refused: { errors: [], values: 0 } };
    const errors: RejectedValue[] = [];
    let values = 0;
    const kept: number[] = [];
    for (let row = 0; row < block.device.length; row++) {
      const device = block.device[row] as number;
      if (ids[device] !== null) {
        kept.push(row);
        continue;
      }
      values += block.columns.filter((column) => !Number.isNaN(column[row])).length;
      errors.push({
        index: indexes[row] as number,
        metric: null,
        code: 'invalid_device',
        detail: reasons[device] as string,
      });
    }
    return { usable: pickRows({ ...block, devices: ids.map((id) => id ?? '') }, kept), refused: { errors, values } };
  }
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
