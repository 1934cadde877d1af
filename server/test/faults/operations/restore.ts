import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createBackups } from '../../../src/assembly/backups.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { Corrupt } from '../../../src/domain/errors.ts';
import { openDataFolder, UNFINISHED_RESTORE } from '../../../src/storage/data-folder.ts';
import { temporaryFolder } from '../../journeys/service.ts';
import { type Contents, difference, readFolder, withFolder } from '../contents.ts';
import type { Operation, Scene } from '../operation.ts';
import { onCommand } from '../processes.ts';
import { fillFolder, HISTORY, LIVE } from '../readings.ts';

const MODE = 'mode';
const work = { signal: new AbortController().signal, progress: () => {} };

/**
 * A backup takes the place of the data, or fills another folder. The data folder holds the one or the other, as a whole; what was there before
 * is kept as a whole; another folder that is not whole is refused.
 */
export function restore(): Operation {
  let name = '';
  let restored: Contents | null = null;
  const same = (found: Contents, scene: Scene): boolean => difference(scene.before, found) === null;
  const check = async (scene: Scene, done: boolean): Promise<void> => {
    const found = await readFolder(scene.folder, scene.environment, [LIVE]);
    const lost = scene.ledger.difference(found);
    if (lost !== null) throw new Error(lost);
    const isFormer = same(found, scene);
    const former = readdirSync(scene.folder).filter((entry) => entry.startsWith('before-restore'));
    if (scene.notes.get(MODE) === 'into') {
      if (!isFormer || former.length > 0) throw new Error('the data folder was changed');
      return checkInto(scene, done, restored as Contents);
    }
    const wrong = isFormer && !done ? null : difference(restored as Contents, found);
    if (wrong !== null) throw new Error(`neither what was there nor what was backed up: ${wrong}`);
    if (isFormer !== (former.length === 0)) throw new Error(`${former.length} folders of former files`);
    if (!isFormer) await checkFormer(scene, join(scene.folder, former.sort()[0]!));
  };
  return {
    name: 'restore',
    environment: {},
    holdsOther: true,
    prepare: async (folder) => {
      await fillFolder(folder, {});
      name = await backUp(folder);
      restored = await readFolder(folder, {}, [LIVE]);
      await fillFolder(folder, {}, { ...HISTORY, days: 20, devices: ['barn'] });
    },
    start: async (begin) => {
      const { notes, folder } = begin.scene;
      if (!notes.has(MODE)) notes.set(MODE, begin.run % 2 === 0 ? 'in place' : 'into');
      return onCommand(begin, ['restore', name, ...(notes.get(MODE) === 'into' ? ['--into', intoFolder(folder)] : [])]);
    },
    check: async (scene, done) => {
      await check(scene, done);
      // A killed one may be whole already: the next has to find an empty place.
      const into = intoFolder(scene.folder);
      if (existsSync(join(into, 'wattkeeper.db')) && !existsSync(join(into, UNFINISHED_RESTORE)))
        rmSync(into, { recursive: true });
    },
  };
}

async function backUp(folder: string): Promise<string> {
  const config = loadConfig({ environment: { WATTKEEPER_DATA_DIR: folder } });
  return withFolder(folder, {}, async (pipeline) => {
    const made = await createBackups(pipeline, config, Date.now)?.make(work);
    return made?.name as string;
  });
}

function intoFolder(folder: string): string {
  return join(folder, '..', 'into');
}

async function checkInto({ folder, environment }: Scene, done: boolean, restored: Contents): Promise<void> {
  const into = intoFolder(folder);
  const isWhole = existsSync(join(into, 'wattkeeper.db')) && !existsSync(join(into, UNFINISHED_RESTORE));
  if (isWhole) {
    const wrong = difference(restored, await readFolder(into, environment, [LIVE]));
    if (wrong !== null) throw new Error(`what was restored beside the data: ${wrong}`);
    return;
  }
  if (done) throw new Error('nothing was restored beside the data');
  if (!existsSync(join(into, UNFINISHED_RESTORE))) return;
  try {
    openDataFolder(into).release();
  } catch (error) {
    if (error instanceof Corrupt) return;
    throw error;
  }
  throw new Error('an incomplete folder can be opened');
}

async function checkFormer({ environment, before }: Scene, former: string): Promise<void> {
  const copy = temporaryFolder();
  try {
    cpSync(former, copy.path, { recursive: true });
    const wrong = difference(before, await readFolder(copy.path, environment, [LIVE]));
    if (wrong !== null) throw new Error(`what was there before is not kept: ${wrong}`);
  } finally {
    copy.remove();
  }
}
