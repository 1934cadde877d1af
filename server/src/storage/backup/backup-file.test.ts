import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Corrupt, Forbidden, InvalidInput } from '../../domain/errors.ts';
import { type BackupEntry, type BackupKeys, readBackupFile, writeBackupFile } from './backup-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-backup-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `${++files}.backup`);
const never = new AbortController().signal;

async function* entries(count = 20): AsyncGenerator<BackupEntry> {
  for (let i = 0; i < count; i++) yield { name: `part/${i}`, data: Buffer.from(`entry ${i} `.repeat(50 * i)) };
}

async function read(path: string, keys: BackupKeys = {}): Promise<BackupEntry[]> {
  const found = [];
  for await (const entry of readBackupFile(path, keys)) found.push(entry);
  return found;
}

async function expectSame(path: string, keys: BackupKeys = {}): Promise<void> {
  const wanted = [];
  for await (const { name, data } of entries()) wanted.push([name, Buffer.from(data).toString()]);
  expect((await read(path, keys)).map(({ name, data }) => [name, Buffer.from(data).toString()])).toEqual(wanted);
}

/** Some bytes of padding and checksum carry no data: with changes to them, the content may still be complete, and is compared. */
async function expectRefusedOrSame(path: string, keys: BackupKeys): Promise<void> {
  await expectSame(path, keys).catch((error: unknown) => {
    if (!(error instanceof Corrupt || error instanceof Forbidden)) throw error;
  });
}

describe('a backup file', () => {
  it('returns the entries in order', async () => {
    const path = newPath();
    const { bytes } = await writeBackupFile(path, entries(), {}, never);
    expect(readFileSync(path).length).toBe(bytes);
    await expectSame(path);
  });

  it('never overwrites an existing file', async () => {
    const path = newPath();
    writeFileSync(path, 'precious');
    await expect(writeBackupFile(path, entries(), {}, never)).rejects.toThrow(/EEXIST/);
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('can be read only with the passphrase', async () => {
    const path = newPath();
    await writeBackupFile(path, entries(), { passphrase: 'correct horse battery staple' }, never);
    expect(readFileSync(path).includes('entry')).toBe(false);
    await expectSame(path, { passphrase: 'correct horse battery staple' });
    await expect(read(path, { passphrase: 'wrong' })).rejects.toThrow(Forbidden);
    await expect(read(path)).rejects.toThrow(/is encrypted: give its passphrase or an identity/);
  });

  it('can be read only with an identity', async () => {
    const path = newPath();
    const [ours, other] = [await generateX25519Identity(), await generateX25519Identity()];
    await writeBackupFile(path, entries(), { recipients: [await identityToRecipient(ours)] }, never);
    await expectSame(path, { identities: [other, ours] });
    await expect(read(path, { identities: [other] })).rejects.toThrow(Forbidden);
    await expect(writeBackupFile(newPath(), entries(), { recipients: ['age1nonsense'] }, never)).rejects.toThrow(
      InvalidInput,
    );
  });

  it('stops when aborted', async () => {
    const stop = new AbortController();
    async function* endless() {
      for (let i = 0; ; i++) {
        if (i === 10) stop.abort(new Error('enough'));
        yield { name: `${i}`, data: new Uint8Array(1000) };
      }
    }
    await expect(writeBackupFile(newPath(), endless(), {}, stop.signal)).rejects.toThrow();
  });

  it('rejects with the error of its source', async () => {
    async function* broken(): AsyncGenerator<BackupEntry> {
      yield { name: 'a', data: new Uint8Array(10) };
      throw new Error('the store is gone');
    }
    await expect(writeBackupFile(newPath(), broken(), {}, never)).rejects.toThrow('the store is gone');
  });

  describe.each([
    ['plain', {}],
    ['encrypted', { identities: ['AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU'] }],
  ])('%s', (_name, keys: BackupKeys) => {
    const whole = (async () => {
      const path = newPath();
      const recipients = await Promise.all((keys.identities ?? []).map((identity) => identityToRecipient(identity)));
      await writeBackupFile(path, entries(), { recipients }, never);
      return readFileSync(path);
    })();

    it('rejects a file truncated at any byte, unless nothing is missing', async () => {
      const bytes = await whole;
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
          const path = newPath();
          writeFileSync(path, bytes.subarray(0, length));
          await expectRefusedOrSame(path, keys);
        }),
        { numRuns: 100 },
      );
    });

    it('rejects a file cut in half', async () => {
      const bytes = await whole;
      const path = newPath();
      writeFileSync(path, bytes.subarray(0, bytes.length >> 1));
      await expect(read(path, keys)).rejects.toThrow(Corrupt);
    });

    it('with any byte changed is refused, or gives back what was put in', async () => {
      const bytes = await whole;
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: bytes.length - 1 }),
          fc.integer({ min: 1, max: 255 }),
          async (at, by) => {
            const path = newPath();
            const changed = Buffer.from(bytes);
            changed[at] = changed[at]! ^ by;
            writeFileSync(path, changed);
            await expectRefusedOrSame(path, keys);
          },
        ),
        { numRuns: 200 },
      );
    });
  });
});
