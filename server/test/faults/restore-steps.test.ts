import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { applyReady, removeScratch } from '../../src/storage/restore/restore-folder.ts';
import { temporaryFolder } from '../journeys/service.ts';
import { KillPlan } from './kill-plan.ts';

const CHILD = fileURLToPath(new URL('./ready-child.ts', import.meta.url));
/** Files that the engines temporarily keep next to their databases. */
const FORMER = [
  'telemetry.duckdb',
  'telemetry.duckdb.wal',
  'telemetry.duckdb.wal.checkpoint',
  'wattkeeper.db',
  'wattkeeper.db-wal',
];
const RESTORED = ['telemetry.duckdb', 'wattkeeper.db'];
const folders: (() => void)[] = [];
afterEach(() => {
  for (const remove of folders.splice(0)) remove();
});

/** A data folder, a restore that was prepared for the next start, and another one that shall take its place. */
function world(): string {
  const { path, remove } = temporaryFolder();
  folders.push(remove);
  const fill = (folder: string, names: readonly string[], text: string) => {
    mkdirSync(join(path, folder), { recursive: true });
    for (const name of names) writeFileSync(join(path, folder, name), text);
  };
  fill('.', FORMER, 'former');
  fill('restore-ready', RESTORED, 'earlier');
  fill('restore-scratch-new', [...RESTORED, 'lock'], 'new');
  return path;
}

/** Returns the number of steps. */
async function killedAt(step: number | null, folder: string, plan: KillPlan): Promise<number> {
  plan.killAt(step);
  const child = spawn(process.execPath, [...plan.args, CHILD, folder], {
    env: { ...process.env, ...plan.environment },
    stdio: 'inherit',
  });
  const [code, signal] = await once(child, 'exit');
  expect([code, signal]).toEqual(step === null ? [0, null] : [null, 'SIGKILL']);
  return plan.steps;
}

it('a restore that is killed at any step is completed by the next start or not applied, and keeps the former files together', async () => {
  const plans = temporaryFolder();
  folders.push(plans.remove);
  const steps = await killedAt(null, world(), new KillPlan(join(plans.path, 'all')));
  expect(steps).toBeGreaterThan(8);
  const outcomes = new Set<string>();
  for (let step = 1; step <= steps; step++) {
    const folder = world();
    await killedAt(step, folder, new KillPlan(join(plans.path, `${step}`)));
    await removeScratch(folder);
    const before = await applyReady(folder, '2026-01-02T000000.000Z');
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
    const texts = files.map(({ name }) => readFileSync(join(folder, name), 'utf8'));
    const [outcome] = texts as [string];
    outcomes.add(outcome);
    const names = outcome === 'former' ? FORMER : RESTORED;
    expect([step, files.map(({ name }) => name).sort(), texts]).toEqual([step, names, names.map(() => outcome)]);
    const folders = readdirSync(folder).filter((name) => !names.includes(name));
    expect([step, folders]).toEqual([
      step,
      outcome === 'former' ? [] : [expect.stringMatching(/^before-restore-2026/)],
    ]);
    if (outcome !== 'former') expect([step, readdirSync(join(folder, folders[0]!)).sort()]).toEqual([step, FORMER]);
    if (before !== null) expect([step, before]).toEqual([step, join(folder, folders[0]!)]);
  }
  expect([...outcomes].sort()).toContain('new');
});
