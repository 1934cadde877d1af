import { copyFileSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Corrupt } from '../../src/domain/errors.ts';
import { NO_RULES } from '../../src/domain/series-rules.ts';
import { asBatch } from '../../src/storage/apply-batches.ts';
import { coalesce } from '../../src/storage/coalesce.ts';
import { markOf } from '../../src/storage/layers/journal-marks.ts';
import { isDamage } from '../../src/storage/sqlite/damage.ts';
import { MAX_DAMAGED_FILES, noteDamage, openRepaired } from '../../src/storage/sqlite/repair.ts';
import { TelemetryFile } from '../../src/storage/sqlite/telemetry-file.ts';
import { blockOf, type Row } from '../conformance/telemetry-blocks.ts';
import { randomOf } from '../faults/kill-repeatedly.ts';

const T0 = Date.UTC(2026, 0, 15);
const END = T0 + 100 * 3_600_000;
const GROUPS = { battery: ['soc_percent', 'power_kw', 'cycles'], grid: ['power_kw', 'energy_kwh'] } as const;
const DEVICES = ['meter', 'house', 'garage'];
/** Every ten minutes for two days. */
const ROWS = 288;

/** The unique value of a position; some are missing, and those of the third quantity are integers. */
function valueAt(group: string, device: number, c: number, row: number): number | undefined {
  if ((row + c) % 7 === 0) return undefined;
  const place = row + 1000 * c + 10_000 * device + (group === 'grid' ? 100_000 : 0);
  return c === 2 ? place : 100 * Math.sin(place);
}

function write(file: TelemetryFile, from: number, to: number): void {
  for (const [group, quantities] of Object.entries(GROUPS)) {
    const rows = DEVICES.flatMap((device, d) =>
      Array.from({ length: to - from }, (_, i): Row => {
        const values = quantities.map((name, c) => [name, valueAt(group, d, c, from + i)] as const);
        const present = values.filter(([, value]) => value !== undefined);
        return [device, T0 + (from + i) * 600_000, Object.fromEntries(present) as Record<string, number>];
      }),
    );
    file.write(coalesce([asBatch([blockOf(group, rows)])]));
  }
}

/** All results of queries of a file: values by device, metric and instant, and everything else derived from them. */
async function answers(file: TelemetryFile): Promise<{ values: Map<string, number>; rest: unknown }> {
  const values = new Map<string, number>();
  const aggregates: unknown[] = [];
  for (const [group, quantities] of Object.entries(GROUPS)) {
    const request = { group, quantities, deviceIds: DEVICES };
    for (const [d, deviceId] of DEVICES.entries()) {
      for (let from: number | null = 0; from !== null; ) {
        const { rows, next } = file.readPiece({ ...request, window: { start: 0, end: END } }, d, from);
        for (const [c, column] of rows?.columns.entries() ?? []) {
          for (const [row, value] of column.entries()) {
            if (!Number.isNaN(value))
              values.set(`${deviceId} ${group}.${quantities[c]} ${rows!.timestamps[row]}`, value);
          }
        }
        from = next;
      }
    }
    const edges = Float64Array.from({ length: 11 }, (_, i) => T0 + i * 5 * 3_600_000);
    const rules = DEVICES.map(() => ({ ...NO_RULES, expectedIntervalMs: 600_000 }));
    aggregates.push(await file.aggregate({ ...request, edges, asOf: END, rules }));
  }
  const byName = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return {
    values,
    rest: { aggregates, latest: file.latest(0).sort(byName), series: (await file.series()).sort(byName) },
  };
}

describe('a SQLite store with bytes changed from outside', () => {
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bit-rot-'));
    path = join(folder, 'telemetry.sqlite');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The results of a file, or null if it reports damage. Any other error fails the test. */
  async function answersOrDamage(): Promise<Awaited<ReturnType<typeof answers>> | null> {
    let file: TelemetryFile | undefined;
    try {
      file = new TelemetryFile(path);
      return await answers(file);
    } catch (thrown) {
      const error = file === undefined ? thrown : file.diagnosed(thrown);
      if (!isDamage(error) && !isRejected(error)) throw error;
      return null;
    } finally {
      file?.close();
    }
  }

  async function rebuilt(): Promise<Map<string, number>> {
    noteDamage(path, new Corrupt('found'));
    return contents();
  }

  async function contents(): Promise<Map<string, number>> {
    const file = openRepaired(path);
    try {
      return (await answers(file)).values;
    } finally {
      file.close();
    }
  }

  function clear(): void {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  }

  async function written(): Promise<Awaited<ReturnType<typeof answers>>> {
    const file = new TelemetryFile(path);
    write(file, 0, ROWS);
    const truth = await answers(file);
    file.close();
    return truth;
  }

  /** Flips one bit of the first quantity of a device in a row. */
  function damage(device: number, row: number): void {
    const bytes = readFileSync(path);
    const value = Buffer.alloc(8);
    value.writeDoubleBE(valueAt('battery', device, 0, row)!);
    // Free pages may contain the same bytes.
    for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 8)) bytes[at + 5]! ^= 4;
    writeFileSync(path, bytes);
  }

  it('returns correct results or reports the damage, and is rebuilt from the intact rows, with any of 220 bits flipped', async () => {
    const truth = await written();
    const bytes = readFileSync(path);
    const random = randomOf(11);
    const count = { detected: 0, rejected: 0, wrong: 0, kept: 0 };
    for (let run = 0; run < 220; run++) {
      clear();
      const flipped = Buffer.from(bytes);
      // Every tenth bit is in the header.
      const place = Math.floor(random() * (run % 10 === 0 ? 100 : bytes.length));
      flipped[place]! ^= 1 << Math.floor(random() * 8);
      writeFileSync(path, flipped);
      const found = await answersOrDamage();
      if (found !== null) {
        expect(found, `byte ${place}`).toEqual(truth);
        continue;
      }
      count.detected++;
      const values = await rebuilt().catch((error: unknown) => {
        if (!isRejected(error)) throw error;
        count.rejected++;
        return new Map<string, number>();
      });
      for (const [name, value] of values) if (truth.values.get(name) !== value) count.wrong++;
      count.kept += values.size / truth.values.size;
    }
    expect(count.wrong).toBe(0);
    expect(count.detected).toBeGreaterThan(80);
    expect(count.rejected).toBeLessThan(20);
    // A page with some hours of a device is missing, or everything if names or the schema were damaged.
    expect(count.kept / (count.detected - count.rejected)).toBeGreaterThan(0.8);
  });

  it('never shows a part of a commit, with any of 40 bits of the write-ahead log flipped', async () => {
    await written();
    const states = [await contents()];
    const file = new TelemetryFile(path);
    for (let step = 1; step <= 5; step++) {
      write(file, ROWS + step, ROWS + step + 1);
      states.push((await answers(file)).values);
    }
    const bytes = readFileSync(path);
    const log = readFileSync(`${path}-wal`);
    file.close();
    const random = randomOf(12);
    const seen = new Set<number>();
    for (let run = 0; run < 40; run++) {
      clear();
      writeFileSync(path, bytes);
      const flipped = Buffer.from(log);
      flipped[Math.floor(random() * log.length)]! ^= 1 << Math.floor(random() * 8);
      writeFileSync(`${path}-wal`, flipped);
      const found = await contents();
      // Each step is one commit per group, for two groups.
      const grid = states.findIndex((state) => count(state, 'grid') === count(found, 'grid'));
      const battery = states.findIndex((state) => count(state, 'battery') === count(found, 'battery'));
      expect([0, 1]).toContain(battery - grid);
      for (const [name, value] of found) expect(states.at(-1)!.get(name), name).toBe(value);
      seen.add(grid);
    }
    expect(seen.size).toBeGreaterThan(2);
  });

  it('still reports damage after its hour was written, partly erased, and partly deleted', async () => {
    await written();
    damage(0, 3);
    const file = new TelemetryFile(path);
    const value = { soc_percent: 1 };
    file.write(coalesce([asBatch([blockOf('battery', [['meter', T0 + 1, value]])])]));
    file.write(coalesce([asBatch([blockOf('battery', [['meter', T0 + 3 * 600_000, { cycles: 5 }]])])]));
    file.erase(coalesce([asBatch([blockOf('battery', [['meter', T0 + 600_000, { power_kw: 0 }]])])]));
    file.deleteBefore(T0 + 600_000, null);
    await expect(answers(file)).rejects.toThrow('differ from their checksum in the hour from 2026-01-15T00:00:00.000Z');
    file.close();
  });

  it('is replaced without its marks, so that missing rows are backfilled, and the newest damaged files are retained', async () => {
    const truth = await written();
    const mark = coalesce([markOf(7, { sequence: 5, fills: 0 }, T0)]);
    for (let run = 0; run < MAX_DAMAGED_FILES + 2; run++) {
      const file = new TelemetryFile(path);
      write(file, 0, ROWS);
      file.write(mark);
      file.close();
      damage(1, 100 + run);
      await expect(contents()).rejects.toThrow('differ from their checksum');
      const found = await rebuilt();
      // Six values an hour for each of three quantities; some are missing.
      expect(truth.values.size - found.size).toBeGreaterThan(10);
      expect(truth.values.size - found.size).toBeLessThanOrEqual(18);
      const after = new TelemetryFile(path);
      const names = (await after.series()).map(({ deviceId }) => deviceId);
      after.close();
      expect(names.filter((name) => name.startsWith('journal:'))).toEqual([]);
    }
    const names = readdirSync(folder).sort();
    expect(names.filter((name) => /\.damaged-[0-9TZ.-]+$/.test(name))).toHaveLength(MAX_DAMAGED_FILES);
    expect(names).toHaveLength(MAX_DAMAGED_FILES + 1);
  });

  it('continues a replacement that a crash interrupted at any point', async () => {
    const truth = await written();
    damage(2, 50);
    const damaged = `${path}.copy`;
    copyFileSync(path, damaged);
    const expected = await rebuilt();
    const whole = readFileSync(path);
    const states: (() => void)[] = [
      // While the new file is written, between the two renames, and before the mark is removed.
      () => {
        copyFileSync(damaged, path);
        writeFileSync(`${path}.repaired`, whole.subarray(0, 8192));
      },
      () => {
        renameSync(path, `${path}.repaired`);
        writeFileSync(`${path}-wal`, 'of the damaged file');
      },
      () => {},
    ];
    for (const prepare of states) {
      prepare();
      expect(await rebuilt()).toEqual(expected);
      expect(
        readdirSync(folder).filter((name) => /repaired|damaged$|-wal/.test(name.replace(/damaged-.*/, ''))),
      ).toEqual([]);
    }
    expect(truth.values.size).toBeGreaterThan(expected.size);
  });

  it('seals a file of the format without checksums when it is opened, and rejects one of a newer version unchanged', async () => {
    const truth = await written();
    withDatabase((database) => {
      const tables = database.prepare("SELECT name FROM sqlite_schema WHERE name GLOB 'seals_*'").all();
      expect(tables).toHaveLength(2);
      for (const { name } of tables) database.exec(`DROP TABLE ${name}`);
      database.exec('DROP TABLE names_checksum; PRAGMA user_version = 1');
    });
    expect(await answersOrDamage()).toEqual(truth);
    damage(0, 10);
    expect((await answersOrDamage()) === null).toBe(true);

    withDatabase((database) => database.exec('PRAGMA user_version = 3'));
    const before = readFileSync(path);
    expect(() => openRepaired(path)).toThrow('has format 3, and this version of Wattkeeper reads 1 to 2');
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(['telemetry.sqlite']);
  });

  it('treats a failing statement as damage only where the schema is damaged', async () => {
    await written();
    const file = new TelemetryFile(path);
    const misfit = thrownBy(() => new DatabaseSync(':memory:').exec('SELECT nothing FROM nowhere'));
    expect(misfit).toMatchObject({ errcode: 1 });
    expect(file.diagnosed(misfit)).toBe(misfit);
    expect(isDamage(misfit)).toBe(false);
    file.close();
    const bytes = readFileSync(path);
    for (const [name, changed] of [
      ['CREATE TABLE group_1_0 (device', 'CREATE TABLE group_1_0 (devise'],
      ['CREATE TABLE devices (id INTEGER PRIMARY KEY, name', 'CREATE TABLE devices (id INTEGER PRIMARY KEY, nane'],
    ] as const) {
      expect(bytes.includes(name), name).toBe(true);
      const other = Buffer.from(bytes);
      other.write(changed, bytes.indexOf(name));
      writeFileSync(path, other);
      expect(await answersOrDamage(), name).toBeNull();
    }
  });

  function withDatabase(work: (database: DatabaseSync) => void): void {
    const database = new DatabaseSync(path);
    work(database);
    database.close();
  }
});

function thrownBy(work: () => void): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

function count(values: ReadonlyMap<string, number>, group: string): number {
  return [...values.keys()].filter((name) => name.includes(` ${group}.`)).length;
}

/** A file with a damaged header is rejected unchanged, as a file of another program or version. */
function isRejected(error: unknown): boolean {
  const NOT_A_DATABASE = 26;
  return error instanceof Corrupt || (error as { errcode?: number }).errcode === NOT_A_DATABASE;
}
