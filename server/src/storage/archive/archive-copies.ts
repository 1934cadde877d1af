import { open, rm } from 'node:fs/promises';
import { Corrupt } from '../../domain/errors.ts';
import { type BackupEntry, type BackupKeys, readBackupFile, writeBackupFile } from '../backup/backup-file.ts';
import type { CopiedFiles } from '../backup/copied-files.ts';
import { sha256Of } from '../file-digest.ts';
import type { ArchivedObject, ObjectSource } from './archived-objects.ts';

const WRAPPED = '.wka';
const PIECE_BYTES = 8 * 1024 * 1024;

/** Prefix of the copies of archived files, next to the backups that list them. */
export const ARCHIVE_COPIES = 'archive/';

/**
 * Copies of the archive's files next to backups, each stored once for all backups that list it, compressed and encrypted like backups. They
 * are named by the SHA-256 of their content. None is ever deleted: the archive deletes nothing either.
 */
export class ArchiveCopies implements ObjectSource {
  readonly files: CopiedFiles;
  readonly #keys: BackupKeys;

  constructor(files: CopiedFiles, keys: BackupKeys) {
    this.files = files;
    this.#keys = keys;
  }

  /** The objects that have no copy yet. */
  async lacking(objects: readonly ArchivedObject[]): Promise<ArchivedObject[]> {
    const there = new Set(await this.files.names());
    return objects.filter((object) => !there.has(nameOf(object)));
  }

  /** @param file the object; temporary files may be written next to it */
  async add(object: ArchivedObject, file: string, signal: AbortSignal): Promise<void> {
    const wrapped = `${file}${WRAPPED}`;
    try {
      await writeBackupFile(wrapped, piecesOf(object, file), this.#keys, signal);
      await this.files.send([{ name: nameOf(object), path: wrapped }], `${wrapped}.read`, signal, () => {});
    } finally {
      await rm(wrapped, { force: true });
    }
  }

  async fetch(object: ArchivedObject, file: string): Promise<void> {
    const wrapped = `${file}${WRAPPED}`;
    try {
      await this.files.fetch(nameOf(object), wrapped);
      const target = await open(file, 'w', 0o600);
      try {
        for await (const { data } of readBackupFile(wrapped, this.#keys)) await target.write(data);
        await target.sync();
      } finally {
        await target.close();
      }
    } finally {
      await rm(wrapped, { force: true });
    }
    if ((await sha256Of(file)) === object.sha256) return;
    throw new Corrupt(`the copy of ${object.key} in ${this.files.place} is damaged`);
  }
}

function nameOf({ sha256 }: ArchivedObject): string {
  return sha256 + WRAPPED;
}

async function* piecesOf({ sha256 }: ArchivedObject, path: string): AsyncGenerator<BackupEntry> {
  const file = await open(path);
  try {
    for (let piece = 0; ; piece++) {
      const { buffer, bytesRead } = await file.read(
        Buffer.allocUnsafe(PIECE_BYTES),
        0,
        PIECE_BYTES,
        piece * PIECE_BYTES,
      );
      if (bytesRead === 0) return;
      yield { name: `${sha256}.parquet.${String(piece).padStart(6, '0')}`, data: buffer.subarray(0, bytesRead) };
    }
  } finally {
    await file.close();
  }
}
