/**
 * Cost of the checksums of the SQLite store: the same rows are written to its file and to plain tables of the same layout, on one thread each. Times are the
 * median of the repetitions, which alternate. Run: node bench/sqlite-checksums.ts [--days 60] [--devices 2] [--runs 5]
 */

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Block } from '../server/src/domain/columns/batch.ts';
import { asBatch } from '../server/src/storage/apply-batches.ts';
import { coalesce } from '../server/src/storage/coalesce.ts';
import { collectColumns, type ValuesOfRow } from '../server/src/storage/sqlite/collect-columns.ts';
import { TelemetryFile } from '../server/src/storage/sqlite/telemetry-file.ts';

const START = Date.UTC(2025, 0, 1);
const ROWS = UTC_DAY_MS / MINUTE_MS;
const QUANTITIES = ['pv_kw', 'load_kw', 'grid_kw', 'l1_v', 'l2_v', 'l3_v', 'soc_percent', 'inside_c'];
const CACHE_MB = 16;

const { values: options } = parseArgs({
  options: {
    days: { type: 'string', default: '60' },
    devices: { type: 'string', default: '2' },
    runs: { type: 'string', default: '5' },
  },
});
const DAYS = Number(options.days);
const DEVICES = Array.from({ length: Number(options.devices) }, (_, i) => `d${i}`);
const END = START + DAYS * UTC_DAY_MS;

interface Subject {
  write(block: Block): void;
  /** Reads quantities of the first device from an instant to the end. */
  read(quantities: number, from: number): number;
  close(): void;
}

const SUBJECTS: Record<string, (path: string) => Subject> = { 'with checksums': sealed, 'plain tables': plain };

const figures = new Map<string, Map<string, number[]>>();
for (let run = 0; run < Number(options.runs); run++) {
  for (const [name, open] of Object.entries(SUBJECTS)) measure(name, open);
}
console.log(
  `${DEVICES.length} devices, ${DAYS} days at 1 min, ${QUANTITIES.length} quantities; Node ${process.version}`,
);
console.table(
  Object.fromEntries(
    [...figures].map(([name, of]) => [name, Object.fromEntries([...of].map(([k, v]) => [k, median(v)]))]),
  ),
);

function measure(name: string, open: (path: string) => Subject): void {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-checksums-'));
  const path = join(folder, 'telemetry.sqlite');
  const note = (what: string, value: number) => {
    const of = figures.get(name) ?? new Map<string, number[]>();
    figures.set(name, of.set(what, [...(of.get(what) ?? []), value]));
  };
  try {
    const subject = open(path);
    let writeMs = 0;
    for (let day = 0; day < DAYS; day++) {
      const block = dayBlock(day);
      writeMs += timed(() => subject.write(block));
    }
    const values = DAYS * ROWS * DEVICES.length * QUANTITIES.length;
    note('write, M values/s', values / writeMs / 1000);
    note(
      '1 of 8 quantities, a day, ms',
      timed(() => subject.read(1, END - UTC_DAY_MS)),
    );
    note(
      '1 of 8 quantities, all days, ms',
      timed(() => subject.read(1, START)),
    );
    note(
      '8 of 8 quantities, all days, ms',
      timed(() => subject.read(QUANTITIES.length, START)),
    );
    subject.close();
    note('B/value', statSync(path).size / values);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function sealed(path: string): Subject {
  const file = new TelemetryFile(path);
  return {
    write: (block) => file.write(coalesce([asBatch([block])])),
    read: (count, start) => {
      const window = { start, end: END };
      const request = { deviceIds: [DEVICES[0]!], group: 'home', quantities: QUANTITIES.slice(0, count), window };
      let rows = 0;
      for (let from: number | null = start; from !== null; ) {
        const piece = file.readPiece(request, 0, from);
        rows += piece.rows?.timestamps.length ?? 0;
        from = piece.next;
      }
      return rows;
    },
    close: () => file.close(),
  };
}

/** The tables of the store without checksums, written and read in the same way. */
function plain(path: string): Subject {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = 1048576; PRAGMA cache_size = ${-CACHE_MB * 1024};
    CREATE TABLE home (device INTEGER, ts INTEGER, ${QUANTITIES.map((_, i) => `q${i} REAL`).join(', ')}, PRIMARY KEY (device, ts)) WITHOUT ROWID`);
  const names = QUANTITIES.map((_, i) => `q${i}`);
  const row = `(${['?', '?', ...names.map(() => '?')].join(', ')})`;
  const insert = db.prepare(
    `INSERT INTO home VALUES ${Array(8).fill(row).join(', ')}
     ON CONFLICT (device, ts) DO UPDATE SET ${names.map((q) => `${q} = coalesce(excluded.${q}, ${q})`).join(', ')}`,
  );
  return {
    write: (block) => {
      db.exec('BEGIN IMMEDIATE');
      for (const { device, timestamps, columns } of coalesce([asBatch([block])])) {
        let parameters: number[] = [];
        for (let at = 0; at < timestamps.length; at++) {
          parameters.push(device[at]!, timestamps[at]!, ...columns.map((column) => column[at]!));
          if (parameters.length < 8 * (2 + columns.length)) continue;
          insert.run(...parameters);
          parameters = [];
        }
      }
      db.exec('COMMIT');
    },
    read: (count, start) => {
      const wanted = names.slice(0, count);
      const select = db.prepare(
        `SELECT ${wanted.join(', ')}, ts FROM home WHERE device = 0 AND ts >= ? AND ts < ? ORDER BY ts`,
      );
      select.setReturnArrays(true);
      const rows = select.iterate(start, END) as unknown as Iterable<ValuesOfRow>;
      return collectColumns(rows, count, [...wanted.keys()]).timestamps.length;
    },
    close: () => db.close(),
  };
}

/** Rows of all devices for a day, device by device: power to 1 W, voltage and temperature to 0.1. */
function dayBlock(day: number): Block {
  const length = ROWS * DEVICES.length;
  const at = (i: number) => day * ROWS + (i % ROWS);
  return {
    group: 'home',
    quantities: QUANTITIES,
    devices: DEVICES,
    device: Int32Array.from({ length }, (_, i) => Math.floor(i / ROWS)),
    timestamps: Float64Array.from({ length }, (_, i) => START + at(i) * MINUTE_MS),
    columns: QUANTITIES.map((_, c) =>
      Float64Array.from({ length }, (_, i) => Math.round(5000 * Math.sin(at(i) + 7 * c)) / (c < 3 ? 1000 : 10)),
    ),
  };
}

function timed(work: () => unknown): number {
  const before = performance.now();
  work();
  return performance.now() - before;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Number(sorted[Math.floor(sorted.length / 2)]!.toPrecision(4));
}
