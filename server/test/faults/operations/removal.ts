import { join } from 'node:path';
import type { Device } from '@wattkeeper/contract/device.ts';
import { holdingsOf } from '../../../src/storage/archive/parquet-file.ts';
import { type Contents, difference, readFolder, withFolder } from '../contents.ts';
import type { Operation, Scene } from '../operation.ts';
import { onService, runJob } from '../processes.ts';
import { fillFolder, HISTORY, LIVE } from '../readings.ts';

const DELETED = 'press';
const ID = 'id of the deleted device';

/**
 * Deletes a device with its readings, from two stores and from archived months. Until its deletion is recorded, it exists with all
 * readings; afterwards it does not, and in the end no store contains any of them. All other devices are unchanged.
 */
export const removal: Operation = {
  name: 'removal of a device',
  environment: {
    WATTKEEPER_STORES__0__TYPE: 'duckdb',
    WATTKEEPER_STORES__1__TYPE: 'sqlite',
    WATTKEEPER_ARCHIVE__STORE__TYPE: 'local',
    WATTKEEPER_ARCHIVE__AFTER_DAYS: '31',
  },
  prepare: async (folder) => {
    await fillFolder(folder, removal.environment, {
      ...HISTORY,
      days: 70,
      stepMs: 3_600_000,
      devices: ['roof', DELETED],
    });
    await withFolder(folder, removal.environment, async ({ archive, ingest, stores }) => {
      const { signal } = new AbortController();
      for (const { name } of stores) await ingest.caughtUp(name, signal);
      await archive!.moveOldMonths({ signal, progress: () => {} });
    });
  },
  start: (begin) =>
    onService(begin, { late: false }, async (service) => {
      const { items } = await service.json<{ items: Device[] }>('/api/v1/devices');
      const device = items.find(({ name }) => name === DELETED);
      if (device) {
        begin.scene.notes.set(ID, device.id);
        const path = `/api/v1/devices/${device.id}?confirm=${DELETED}`;
        const answer = await service.request(path, { method: 'DELETE' });
        if (answer.status !== 202) throw new Error(`the deletion answered ${answer.status}: ${await answer.text()}`);
      }
      await runJob(service, '/scheduler/jobs/device-removal/run');
    }),
  holdsOther: true,
  check: async (scene, done) => {
    const found = await readFolder(scene.folder, scene.environment, [LIVE]);
    const isThere = [...found.days.keys()].some(isDeleted);
    if (done && isThere) throw new Error('the device is still there');
    const wrong = difference(isThere ? scene.before : without(scene.before), found) ?? scene.ledger.difference(found);
    if (wrong !== null) throw new Error(wrong);
    if (done) await expectNothingLeft(scene);
  },
};

const isDeleted = (key: string) => key.startsWith(`${DELETED} `);

function without(contents: Contents): Contents {
  const others = <T>(all: ReadonlyMap<string, T>) => new Map([...all].filter(([key]) => !isDeleted(key)));
  return {
    days: others(contents.days),
    hours: others(contents.hours),
    rawFrom: others(contents.rawFrom),
    samples: others(contents.samples),
  };
}

/** Queries the engines directly, below the layer that hides removed devices. */
async function expectNothingLeft({ folder, environment, notes }: Scene): Promise<void> {
  const id = notes.get(ID) as string;
  await withFolder(folder, environment, async ({ records, stores, archive }) => {
    for (const { name, aside } of stores) {
      const left = (await aside!.series()).filter(({ deviceId }) => deviceId === id);
      if (left.length > 0) throw new Error(`store ${name} still has ${left.length} series of the device`);
    }
    const archived = await archive!.listed();
    if (archived.length === 0) throw new Error('nothing was archived');
    for (const { key } of archived) {
      const { deviceIds } = await holdingsOf(join(folder, 'archive', 'objects', key));
      if (deviceIds.includes(id)) throw new Error(`${key} in the archive still has rows of the device`);
    }
    const done = await records.removedDevices.list();
    if (done.length !== 1) throw new Error(`${done.length} removals are on record`);
  });
}
