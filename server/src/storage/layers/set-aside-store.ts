import type { Batch, Block } from '../../domain/columns/batch.ts';
import type { Frame } from '../../domain/columns/frame.ts';
import { collectRows, readOverlaid } from '../../domain/columns/overlay.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import { NO_RULES } from '../../domain/series-rules.ts';
import type {
  AggregateRequest,
  Capabilities,
  CompactionReport,
  DeviceBuckets,
  LatestValue,
  ReadRequest,
  SeriesExtent,
  StoreStats,
  TelemetryStore,
} from '../backend.ts';
import { aggregatePieces, sampleWindow } from '../sample-window.ts';
import type { SetAside } from '../set-aside/set-aside.ts';
import type { SetAsideTotals } from '../set-aside/set-aside-file.ts';
import { Delivery } from './delivery.ts';

export interface SetAsideStoreOptions {
  readonly name: string;
  readonly setAside: SetAside;
  readonly now: () => number;
  /** Called for each part that was set aside. */
  readonly onSetAside: (block: Block, reason: string) => void;
}

export interface RetryReport {
  /** Values that were retried, and those of them that the store has accepted. */
  readonly tried: number;
  readonly taken: number;
}

/** Number of entries retried together, and of entries that a read of series or newest values processes together. */
const ENTRIES_PER_PAGE = 200;

/**
 * A store that accepts every batch: values that its engine can never accept are set aside in separate files, so that later ones are not
 * blocked. Reads find them as if the engine had accepted them. See docs/decisions.
 */
export class SetAsideStore implements TelemetryStore {
  readonly type: string;
  readonly #inner: TelemetryStore;
  readonly #options: SetAsideStoreOptions;
  readonly #delivery: Delivery;
  /** Changes are serialised: a retry must not be overtaken by a newer value of the same place. */
  readonly #changes = new SerialQueue();

  constructor(inner: TelemetryStore, options: SetAsideStoreOptions) {
    this.type = inner.type;
    this.#inner = inner;
    this.#options = options;
    this.#delivery = new Delivery(inner, {
      onWritten: (blocks) => options.setAside.supersede(options.name, blocks),
      onRejected: async (block, reason) => {
        await options.setAside.add(options.name, block, reason, options.now());
        options.onSetAside(block, reason);
      },
    });
  }

  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  /** The values set aside, or undefined for none. */
  totals(): SetAsideTotals | undefined {
    return this.#options.setAside.totals(this.#options.name);
  }

  write(batches: readonly Batch[]): Promise<void> {
    return this.#changes.run(() => this.#delivery.deliver(batches));
  }

  erase(blocks: readonly Block[]): Promise<void> {
    return this.#changes.run(() => this.#delivery.erase(blocks));
  }

  /**
   * Retries the values set aside, page by page, until the signal; values that are rejected again stay set aside.
   * @throws Unavailable while the store accepts nothing
   */
  async retry(signal: AbortSignal): Promise<RetryReport> {
    const { name, setAside } = this.#options;
    let [tried, taken] = [0, 0];
    const last = this.totals()?.lastId ?? 0;
    for (let after = 0; after < last && !signal.aborted; ) {
      after = await this.#changes.run(async () => {
        const entries = (await setAside.page(name, after, ENTRIES_PER_PAGE)).filter(({ id }) => id <= last);
        const before = this.totals()?.values ?? 0;
        const blocks = entries.flatMap(({ block }) => block ?? []);
        for (const block of blocks.filter(({ erases }) => erases)) await this.#delivery.erase([block]);
        const writes = blocks.filter(({ erases }) => !erases);
        if (writes.length > 0) await this.#delivery.deliver([{ sequence: 0, blocks: writes }]);
        tried += entries.reduce((sum, { values }) => sum + values, 0);
        taken += before - (this.totals()?.values ?? 0);
        return entries.at(-1)?.id ?? last;
      });
    }
    return { tried, taken };
  }

  async *read(request: ReadRequest): AsyncIterable<Frame> {
    const { start, end } = request.window;
    const blocks = await this.#options.setAside.overlapping(this.#options.name, request.group, start, end);
    yield* readOverlaid(this.#inner, await collectRows([{ blocks }], request), request);
  }

  async aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    const { deviceIds, edges, group, quantities, rules } = request;
    if (edges.length < 2) return this.#inner.aggregate(request);
    const touched = new Set<string>();
    for (const [i, deviceId] of deviceIds.entries()) {
      const window = sampleWindow(edges, quantities, rules[i] ?? NO_RULES);
      const blocks = await this.#options.setAside.overlapping(this.#options.name, group, window.start, window.end);
      const rows = await collectRows([{ blocks }], { deviceIds: [deviceId], group, quantities, window });
      if (rows.size > 0) touched.add(deviceId);
    }
    if (touched.size === 0) return this.#inner.aggregate(request);
    const of = (wanted: (deviceId: string) => boolean): AggregateRequest => ({
      ...request,
      deviceIds: deviceIds.filter(wanted),
      rules: rules.filter((_, i) => wanted(deviceIds[i]!)),
    });
    const answers = [
      ...(await this.#inner.aggregate(of((id) => !touched.has(id)))),
      ...(await aggregatePieces(
        of((id) => touched.has(id)),
        (deviceId, window) => this.read({ deviceIds: [deviceId], group, quantities, window }),
      )),
    ];
    const byDevice = new Map(answers.map((answer) => [answer.deviceId, answer]));
    return deviceIds.map((deviceId) => byDevice.get(deviceId)!);
  }

  async latest(since: number): Promise<LatestValue[]> {
    const found = new Map((await this.#inner.latest(since)).map((one) => [`${one.deviceId} ${one.metric}`, one]));
    for await (const { deviceId, metric, timestamp, value } of this.#setAsideValues()) {
      const key = `${deviceId} ${metric}`;
      if (timestamp < since || timestamp < (found.get(key)?.timestamp ?? Number.NEGATIVE_INFINITY)) continue;
      found.set(key, { deviceId, metric, timestamp, value });
    }
    return [...found.values()];
  }

  /** A value set aside that has an older value in the store is counted twice. */
  async series(): Promise<SeriesExtent[]> {
    const found = new Map((await this.#inner.series()).map((one) => [`${one.deviceId} ${one.metric}`, one]));
    for await (const { deviceId, metric, timestamp } of this.#setAsideValues()) {
      const key = `${deviceId} ${metric}`;
      const { first = timestamp, last = timestamp, count = 0 } = found.get(key) ?? {};
      const extent = { first: Math.min(first, timestamp), last: Math.max(last, timestamp) };
      found.set(key, { deviceId, metric, ...extent, count: count + 1 });
    }
    return [...found.values()];
  }

  deleteBefore(instant: number, group: string | null): Promise<number> {
    return this.#changes.run(async () => {
      this.#delivery.forgetKnown();
      await this.#options.setAside.deleteBefore(this.#options.name, instant, group);
      return this.#inner.deleteBefore(instant, group);
    });
  }

  deleteDevices(deviceIds: readonly string[]): Promise<void> {
    return this.#changes.run(async () => {
      this.#delivery.forgetKnown();
      await this.#options.setAside.deleteDevices(this.#options.name, deviceIds);
      await this.#inner.deleteDevices(deviceIds);
    });
  }

  compact(before: number, signal: AbortSignal): Promise<CompactionReport> {
    return this.#inner.compact(before, signal);
  }

  stats(): Promise<StoreStats> {
    return this.#inner.stats();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  /** Every value set aside, except those to be erased. */
  async *#setAsideValues(): AsyncGenerator<LatestValue> {
    const { name, setAside } = this.#options;
    for (let after = 0; ; ) {
      const entries = await setAside.page(name, after, ENTRIES_PER_PAGE);
      for (const { block } of entries) if (block && !block.erases) yield* valuesOf(block);
      if (entries.length < ENTRIES_PER_PAGE) return;
      after = entries.at(-1)!.id;
    }
  }
}

function* valuesOf(block: Block): Generator<LatestValue> {
  for (const [c, quantity] of block.quantities.entries()) {
    const metric = `${block.group}.${quantity}`;
    for (const [row, value] of block.columns[c]!.entries()) {
      if (value !== value) continue;
      yield { deviceId: block.devices[block.device[row]!]!, metric, timestamp: block.timestamps[row]!, value };
    }
  }
}
