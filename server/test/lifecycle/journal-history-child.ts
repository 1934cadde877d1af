import { join } from 'node:path';
import { CopiedFiles } from '../../src/storage/backup/copied-files.ts';
import { HISTORY_COPIES, HistoryCopies } from '../../src/storage/journal-history/history-copies.ts';
import { JOURNAL_HISTORY_FOLDER } from '../../src/storage/journal-history/history-start.ts';
import { JournalHistory } from '../../src/storage/journal-history/journal-history.ts';
import { localObjects } from '../../src/storage/objects/local.ts';
import { ObjectStore } from '../../src/storage/objects/object-store.ts';
import { batch } from '../conformance/telemetry-blocks.ts';

/** Archives numbered batches and sends them, without end; prints the number up to which the copies are complete, and the instant; its test kills it. */
const [, , folder, first] = process.argv as [string, string, string, string];
let count = Number(first);
const journal = await JournalHistory.open({
  folder: join(folder, JOURNAL_HISTORY_FOLDER),
  deviceOf: (name) => ({ name, kind: 'meter', labels: {} }),
  keys: {},
  now: Date.now,
  journal: { confirmed: count, oldestAfter: async () => null },
});
const objects = new ObjectStore(localObjects(join(folder, 'drive')), '');
const copies = new HistoryCopies(new CopiedFiles(objects, HISTORY_COPIES), {});
const work = { scratch: folder, signal: new AbortController().signal, progress: () => {} };
console.log('begins');
for (;;) {
  for (let i = 0; i < 5; i++) {
    await journal.write([
      { ...batch('load', [['a', count, { power_kw: count }]]), sequence: count + 1, acceptedAt: Date.now() },
    ]);
    count++;
  }
  const { until } = await copies.send(journal, work);
  console.log(`${count} ${until}`);
}
