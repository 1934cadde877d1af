import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backup } from '@wattkeeper/contract/storage/backup.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BackupFolder } from './backup-folder.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'wattkeeper-backups-'));
});
afterEach(() => rmSync(path, { recursive: true }));

function card(day: number): Backup {
  const started_at = `2026-03-0${day}T02:00:00.000Z`;
  return {
    name: `wattkeeper-2026-03-0${day}.backup`,
    started_at,
    finished_at: started_at,
    version: '1.2.3',
    bytes: 4,
    sha256: '0'.repeat(64),
    encrypted: false,
    series: 1,
    values: 1,
    rows: 1,
    verified_at: null,
    problem: null,
    archive: null,
  };
}

it('ignores a card without its backup after a crash, and deletes it with the next backup', async () => {
  const folder = new BackupFolder(path);
  for (const day of [1, 2]) {
    const draft = await folder.draft(card(day).name);
    writeFileSync(draft, 'data');
    await folder.keep(draft, card(day));
  }
  rmSync(folder.file(card(1).name));
  await folder.writeCard(card(3));
  expect((await folder.list()).map(({ name }) => name)).toEqual([card(2).name]);
  await expect(folder.require(card(3).name)).rejects.toThrow(/there is no backup .*; the newest are/);
  await folder.draft(card(4).name);
  expect(readdirSync(path).sort()).toEqual([card(2).name, `${card(2).name}.json`]);
});

it('leaves the card of a backup that is being fetched', async () => {
  const folder = new BackupFolder(path);
  const incoming = await folder.incoming(card(1).name);
  writeFileSync(incoming, 'data');
  await folder.writeCard(card(1));
  await folder.draft(card(2).name);
  await folder.keep(incoming, card(1));
  expect(await folder.list()).toEqual([card(1)]);
});
