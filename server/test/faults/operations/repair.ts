import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Repair } from '@wattkeeper/contract/storage/repair.ts';
import { type Service, startService } from '../../journeys/service.ts';
import { type Contents, difference, readFolder, TODAY } from '../contents.ts';
import type { Operation, Scene } from '../operation.ts';
import { onService } from '../processes.ts';
import { fillFolder, LIVE } from '../readings.ts';

const DEVICE = 'roof';
const METRIC = 'solar.power_kw';
const KEY = `${DEVICE} ${METRIC}`;
const WINDOW_MS = 6 * HOUR_MS;
/** Repairs of one run, each of which undoes the one before the last. */
const REPAIRS = 8;
const WINDOWS = 'windows';

/** Value that a window is set to → its last acknowledged state; unknown for a repair in progress at the kill. */
type Windows = Map<number, { id: string; state: Repair['state'] | 'undoing' }>;

/** Repairs samples and undoes repairs: each is applied completely or not at all, and acknowledged ones are applied. */
export function repair(): Operation {
  let base: Contents | null = null;
  return {
    name: 'repair',
    environment: {},
    holdsOther: true,
    prepare: async (folder) => {
      await fillFolder(folder, {});
      base = await readFolder(folder, {}, [LIVE, DEVICE]);
    },
    start: (begin) => onService(begin, { late: false }, (service) => change(service, windowsOf(begin.scene))),
    check: async (scene) => {
      // The service completes an interrupted repair; opening the folder does not.
      const service = await startService(scene.folder);
      const { items } = await service
        .json<{ items: Repair[] }>('/api/v1/storage/repairs')
        .finally(() => service.kill());
      const windows = windowsOf(scene);
      for (const [value, { id, state }] of windows) {
        const listed = items.find((item) => item.id === id);
        if (listed === undefined || (state !== 'undoing' && listed.state !== state))
          throw new Error(`the repair that set ${value} is ${listed?.state ?? 'lost'}; ${state} was acknowledged`);
      }
      const applied = items.filter(({ state }) => state === 'applied');
      compare(base as Contents, applied, await readFolder(scene.folder, {}, [LIVE, DEVICE]), scene);
      for (const item of items) windows.set(valueSet(item), item);
    },
  };
}

async function change(service: Service, windows: Windows): Promise<void> {
  const first = Math.max(0, ...windows.keys());
  for (let value = first + 1; value <= first + REPAIRS; value++) {
    const start = TODAY - UTC_DAY_MS - value * WINDOW_MS;
    const operation = { type: 'set', value };
    const window = { start: new Date(start).toISOString(), end: new Date(start + WINDOW_MS).toISOString() };
    const devices = await service.json<{ items: { id: string; name: string }[] }>('/api/v1/devices');
    const device_id = devices.items.find(({ name }) => name === DEVICE)?.id;
    const { id } = await post(service, '', { device_id, metric: METRIC, ...window, operation, reason: 'kills' });
    windows.set(value, { id, state: 'applied' });
    const earlier = windows.get(value - 2);
    if (earlier?.state !== 'applied') continue;
    windows.set(value - 2, { ...earlier, state: 'undoing' });
    await post(service, `/${earlier.id}/undo`, undefined);
    windows.set(value - 2, { ...earlier, state: 'undone' });
  }
}

async function post(service: Service, path: string, body: unknown): Promise<Repair> {
  return service.json<Repair>(`/api/v1/storage/repairs${path}`, {
    method: 'POST',
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
}

function compare(base: Contents, applied: readonly Repair[], found: Contents, { ledger }: Scene): void {
  const expected = new Map(base.samples.get(KEY));
  for (const item of applied) {
    const [start, end] = [Date.parse(item.time_period.start), Date.parse(item.time_period.end)];
    for (const at of expected.keys()) if (at >= start && at < end) expected.set(at, valueSet(item));
  }
  const samples = found.samples.get(KEY) ?? new Map<number, number>();
  const wrong = [...expected].find(([at, value]) => samples.get(at) !== value);
  if (wrong !== undefined || samples.size !== expected.size)
    throw new Error(
      `${samples.size} samples in place of ${expected.size}; ${wrong ? `${samples.get(wrong[0])} at ${new Date(wrong[0]).toISOString()} in place of ${wrong[1]}` : ''}`,
    );
  const other = difference(base, found) ?? ledger.difference(found);
  if (other !== null) throw new Error(other);
}

function valueSet({ operation }: Repair): number {
  return operation.type === 'set' ? operation.value : Number.NaN;
}

function windowsOf({ notes }: Scene): Windows {
  const windows = (notes.get(WINDOWS) ?? new Map()) as Windows;
  notes.set(WINDOWS, windows);
  return windows;
}
