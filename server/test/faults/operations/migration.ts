import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { MigrationReport } from '@wattkeeper/contract/storage/migration.ts';
import { type Contents, difference, readFolder, TODAY } from '../contents.ts';
import type { Operation, Scene } from '../operation.ts';
import { onCommand } from '../processes.ts';
import { fillFolder, HISTORY, LIVE } from '../readings.ts';

const INVERTER = 'GW1';
const FILES = 12;
const RECORDS = 600;
const STEP_MS = 120_000;
const REPORT = 'report';

/** Migrates older records into a store with data: after an interruption, the next run continues and accounts for every record. */
export function migration(): Operation {
  let from = '';
  let migrated: Contents | null = null;
  return {
    name: 'migration',
    environment: {},
    holdsOther: true,
    prepare: async (folder) => {
      from = join(folder, '..', 'records');
      writeRecords(from);
      await fillFolder(folder, {}, { ...HISTORY, days: 20 });
    },
    start: async (begin) =>
      onCommand(begin, ['migrate', 'records', from], (report) => begin.scene.notes.set(REPORT, report)),
    check: async (scene, done) => {
      const found = await readFolder(scene.folder, {}, [LIVE]);
      const wrong = difference(
        scene.before,
        only(found, (device) => device !== INVERTER),
      );
      if (wrong !== null) throw new Error(wrong);
      if (!done) return migrated === null ? undefined : checkPart(migrated, found);
      checkReport(scene);
      migrated ??= found;
      const differs = difference(only(migrated, isMigrated), only(found, isMigrated));
      if (differs !== null) throw new Error(differs);
    },
  };
}

const isMigrated = (device: string) => device === INVERTER;

/** Every value of every record. */
function writeRecords(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder);
  const start = TODAY - FILES * RECORDS * STEP_MS;
  for (let file = 0; file < FILES; file++) {
    const lines = Array.from({ length: RECORDS }, (_, i) => {
      const n = file * RECORDS + i;
      return JSON.stringify({
        timestamp: new Date(start + n * STEP_MS).toISOString(),
        system: { inverter_serial: INVERTER },
        battery: { soc_percent: n % 101 },
        photovoltaic: { current_power_kw: (n % 977) / 100 },
        grid: { current_power_kw: (n % 313) / 50 - 3 },
      });
    });
    writeFileSync(
      join(folder, `coordinator_state_${String(file).padStart(3, '0')}.json.gz`),
      gzipSync(lines.join('\n')),
    );
  }
}

function checkReport({ notes }: Scene): void {
  const { found, migrated, already_there, unreadable, missing } = notes.get(REPORT) as MigrationReport;
  if (found === FILES * RECORDS && migrated + already_there === found && unreadable === 0 && missing === 0) return;
  throw new Error(
    `of ${FILES * RECORDS} records ${JSON.stringify({ found, migrated, already_there, unreadable, missing })}`,
  );
}

/** The migrated values are a subset of the records. */
function checkPart(whole: Contents, { hours }: Contents): void {
  for (const [key, { count }] of hours) {
    const most = isMigrated(key.split(' ')[0]!) ? whole.hours.get(key)?.count : undefined;
    if (most && count.some((samples, hour) => samples > most[hour]!)) throw new Error(`${key} was doubled`);
  }
}

function only(of: Contents, wanted: (device: string) => boolean): Contents {
  const pick = <T>(map: ReadonlyMap<string, T>) => new Map([...map].filter(([key]) => wanted(key.split(' ')[0]!)));
  return { days: pick(of.days), hours: pick(of.hours), rawFrom: pick(of.rawFrom), samples: pick(of.samples) };
}
