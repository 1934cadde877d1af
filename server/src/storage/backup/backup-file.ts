import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import type { Pack } from 'tar-stream';
import { Corrupt, Forbidden, InvalidInput, messageOf } from '../../domain/errors.ts';

/** Keys of a backup: a passphrase, or recipients (`age1…`) whose identities (`AGE-SECRET-KEY-1…`) decrypt it. */
export interface BackupKeys {
  readonly passphrase?: string | undefined;
  readonly recipients?: readonly string[] | undefined;
  readonly identities?: readonly string[] | undefined;
}

/** A piece of a backup that fits into memory. */
export interface BackupEntry {
  readonly name: string;
  readonly data: Uint8Array;
}

export interface WrittenFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** The last entry: a digest of every other one. A file without it is truncated. */
const CHECKSUMS = 'checksums.json';
const AGE_MAGIC = 'age-encryption.org/v1';
const ZSTD_LEVEL = 3;

/** Whether a backup made with these keys is encrypted. */
export function encrypts({ passphrase, recipients = [] }: BackupKeys): boolean {
  return passphrase !== undefined || recipients.length > 0;
}

/**
 * Writes entries as a tar in zstd, in age when there are keys, to a file that must not exist; synced to disk when it resolves. The format
 * is in docs/formats/backup.md. After a failure, the caller deletes the file.
 */
export async function writeBackupFile(
  path: string,
  entries: AsyncIterable<BackupEntry>,
  keys: BackupKeys,
  signal: AbortSignal,
): Promise<WrittenFile> {
  const file = await open(path, 'wx', 0o600);
  try {
    const { pack: newPack } = await import('tar-stream');
    const pack = newPack();
    const zstd = createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    const hash = createHash('sha256');
    let bytes = 0;
    const filled = fill(pack, entries).catch((error: unknown) => void pack.destroy(error as Error));
    const compressed = pipeline(pack, zstd, { signal });
    // A failure also ends the loop below, which reports it.
    compressed.catch(() => {});
    for await (const chunk of await encrypted(zstd, keys)) {
      hash.update(chunk as Uint8Array);
      bytes += (chunk as Uint8Array).length;
      await file.write(chunk as Uint8Array);
    }
    await filled;
    await compressed;
    await file.sync();
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

async function fill(pack: Pack, entries: AsyncIterable<BackupEntry>): Promise<void> {
  const digests = new Map<string, string>();
  for await (const { name, data } of entries) {
    digests.set(name, createHash('sha256').update(data).digest('hex'));
    await addEntry(pack, name, data);
  }
  await addEntry(pack, CHECKSUMS, Buffer.from(JSON.stringify(Object.fromEntries(digests))));
  pack.finalize();
}

function addEntry(pack: Pack, name: string, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const entry = pack.entry({ name, size: data.length, mtime: new Date(0) }, (error) =>
      error ? reject(error) : resolve(),
    );
    entry.on('error', reject);
    entry.end(data);
  });
}

async function encrypted(source: Readable, keys: BackupKeys): Promise<Readable> {
  if (!encrypts(keys)) return source;
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  try {
    if (keys.passphrase !== undefined) encrypter.setPassphrase(keys.passphrase);
    else for (const recipient of keys.recipients ?? []) encrypter.addRecipient(recipient);
  } catch (error) {
    throw new InvalidInput(`backups cannot be encrypted for the configured recipients: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const stream = await encrypter.encrypt(Readable.toWeb(source) as ReadableStream<Uint8Array>);
  return Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]);
}

/**
 * Reads a backup's entries in order and verifies each byte: the entries are valid only when the iteration has ended without an error.
 * @throws Corrupt for a truncated or changed file, Forbidden when no key fits, errors of the file system unchanged
 */
export async function* readBackupFile(path: string, keys: BackupKeys): AsyncGenerator<BackupEntry> {
  const found = new Map<string, string>();
  let listed: ReadonlyMap<string, string> | null = null;
  const { extract: newExtract } = await import('tar-stream');
  const source = await decrypted(path, keys);
  const extract = newExtract();
  const flow = pipeline(source, createZstdDecompress(), extract);
  flow.catch(() => {});
  try {
    for await (const entry of extract) {
      const data = await collect(entry as unknown as AsyncIterable<Uint8Array>);
      const { name } = entry.header;
      if (name === CHECKSUMS) {
        listed = new Map(Object.entries(JSON.parse(Buffer.from(data).toString()) as Record<string, string>));
        continue;
      }
      found.set(name, createHash('sha256').update(data).digest('hex'));
      yield { name, data };
    }
    await flow;
  } catch (error) {
    if (error instanceof Corrupt || error instanceof Forbidden) throw error;
    throw new Corrupt(`the backup ${path} is damaged or truncated: ${messageOf(error)}`, { cause: error });
  } finally {
    extract.destroy();
  }
  if (listed === null) throw new Corrupt(`the backup ${path} is truncated: its list of checksums is missing`);
  compare(path, listed, found);
}

function compare(path: string, listed: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): void {
  for (const name of new Set([...listed.keys(), ...found.keys()])) {
    if (listed.get(name) !== found.get(name))
      throw new Corrupt(`the backup ${path} is damaged: its part ${name} differs from its checksum`);
  }
}

async function decrypted(path: string, keys: BackupKeys): Promise<Readable> {
  const head = await peek(path);
  if (!head.startsWith(AGE_MAGIC)) return createReadStream(path);
  if (keys.passphrase === undefined && (keys.identities ?? []).length === 0)
    throw new Forbidden(`the backup ${path} is encrypted: give its passphrase or an identity (AGE-SECRET-KEY-1…)`);
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  if (keys.passphrase !== undefined) decrypter.addPassphrase(keys.passphrase);
  for (const identity of keys.identities ?? []) decrypter.addIdentity(identity);
  const source = createReadStream(path);
  try {
    const stream = await decrypter.decrypt(Readable.toWeb(source) as ReadableStream<Uint8Array>);
    return Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]);
  } catch (error) {
    source.destroy();
    if (/no identity matched/i.test(messageOf(error))) {
      throw new Forbidden(`the backup ${path} cannot be opened with this passphrase or identity`, { cause: error });
    }
    throw new Corrupt(`the backup ${path} is damaged: ${messageOf(error)}`, { cause: error });
  }
}

async function peek(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(AGE_MAGIC.length), 0, AGE_MAGIC.length, 0);
    return buffer.subarray(0, bytesRead).toString('latin1');
  } finally {
    await file.close();
  }
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
