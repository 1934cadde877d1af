// Writes and compacts until it is killed, and prints the number of acknowledged writes after each one.
import { writeSync } from 'node:fs';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { batch, type Row } from './telemetry-blocks.ts';
import { COMPACT_EVERY, DEVICES, ROWS_PER_WRITE, START, STEP_MS } from './telemetry-writer-plan.ts';

const [options = '{}', from = '0'] = process.argv.slice(2);
const store = await openTelemetryStore(JSON.parse(options));
for (let write = Number(from); ; write++) {
  const rows = Array.from({ length: ROWS_PER_WRITE * DEVICES }, (_, i): Row => {
    const row = write * ROWS_PER_WRITE + Math.floor(i / DEVICES);
    return [`d${i % DEVICES}`, START + row * STEP_MS, { write, row }];
  });
  const compacting =
    write % COMPACT_EVERY === 0
      ? store.compact(START + write * ROWS_PER_WRITE * STEP_MS, new AbortController().signal)
      : undefined;
  await store.write([batch('g', rows)]);
  writeSync(1, `${write + 1}\n`);
  await compacting;
}
