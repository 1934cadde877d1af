import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { MINUTE_MS } from '../../src/domain/window.ts';
import { switchedOn } from './retention-sizes.ts';

it.each([['half an hour', 30 * MINUTE_MS, 240]])(
  'an archive makes the store smaller, at a reading every %s',
  async (name, stepMs, days) => {
    const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-sizes-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { before, after } = await switchedOn({ name, stepMs, days, rawDays: 31, how: 'archived' }, folder);
    // Of the days seven in eight leave; what a file takes however little is in it stays.
    expect(after).toBeLessThan(0.8 * before);
  },
);
