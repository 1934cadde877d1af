import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { InvalidInput, messageOf } from '../../domain/errors.ts';

/** A file to import, on disk or in memory. */
export interface InputFile {
  /** For messages. */
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  /** Opens the file, or its first `bytes`. Each call reads from the start. */
  read(bytes?: number): InputBytes;
}

export interface InputBytes {
  readonly stream: Readable;
  /** Number of bytes read so far. */
  bytesRead(): number;
}

/** A file on disk. @throws InvalidInput for one that cannot be read */
export async function diskFile(path: string): Promise<InputFile> {
  const found = await stat(path).catch((error: unknown) => {
    throw new InvalidInput(`${path} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  if (!found.isFile()) throw new InvalidInput(`${path} cannot be read: it is not a file`);
  return openedAs(path, path, found.size);
}

/** The file at a path, with a name for messages. */
export function openedAs(name: string, path: string, size: number): InputFile {
  return {
    name,
    size,
    read: (bytes) => {
      const stream = createReadStream(path, bytes === undefined ? {} : { end: bytes - 1 });
      // The reader of the stream receives its error. If the file is deleted before that, an error event without a listener would end the
      // process.
      stream.on('error', () => undefined);
      return { stream, bytesRead: () => stream.bytesRead };
    },
  };
}

/** A file whose parts are in memory. */
export function memoryFile(name: string, parts: readonly Uint8Array[]): InputFile {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  return {
    name,
    size,
    read: (bytes = size) => {
      let read = 0;
      function* chunks() {
        for (const part of parts) {
          if (read >= bytes) return;
          const chunk = part.subarray(0, bytes - read);
          read += chunk.length;
          yield chunk;
        }
      }
      return { stream: Readable.from(chunks()), bytesRead: () => read };
    },
  };
}

/** The default device name for a file: its name without folder and extensions. */
export function deviceNameOf({ name }: InputFile): string {
  return basename(name).replace(/\..*$/, '') || 'Imported';
}
