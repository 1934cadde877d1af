import { createGunzip, type Gunzip } from 'node:zlib';
import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import type { FastifyRequest } from 'fastify';
import { InvalidInput, messageOf, Unavailable } from '../domain/errors.ts';
import { Body } from './body.ts';
import { EventLoopTurns } from './event-loop-turns.ts';
import { Pace } from './pace.ts';

/** Maximum body size of a route without sign-in. Its routes can declare less, but not more. */
export const MAX_PUBLIC_BODY_BYTES = 16 * 1024;
/** Maximum body size of a route that does not declare one (`bodyLimit`). */
export const DEFAULT_BODY_BYTES = 256 * 1024;
/** Bodies up to this size are not counted, because the number of connections is limited. */
const UNCOUNTED_BYTES = MAX_PUBLIC_BODY_BYTES;
/** Maximum total size of bodies being read or processed, unless the largest permitted body is larger. */
const MIN_BYTES_IN_FLIGHT = 8 * 1024 * 1024;
/** A compressed body that expands to more than this multiple of its size is rejected as an attack; readings typically have a ratio of 5 to 30. */
export const MAX_UNPACK_RATIO = 100;
/** Size up to which any compression ratio is permitted. */
const RATIO_FREE_BYTES = 1024 * 1024;
/** Reading a body is aborted after this time without data. */
export const MAX_BODY_SILENCE_MS = 10 * SECOND_MS;
const RETRY_AFTER_S = 2;
const UNPACK_CHUNK_BYTES = 64 * 1024;

export interface BodyReaderOptions {
  /** Maximum size of a body of any route, and of all bodies together. */
  readonly maxBodyBytes: number;
  readonly maxSilenceMs?: number | undefined;
}

export interface ReadOptions {
  /** Receives the decompressed bytes as they arrive; an exception ends the reading. */
  readonly watch?: (bytes: Uint8Array) => void;
}

/**
 * Reads the bodies of requests within the limit of the route and a limit on their total size in memory, compressed or not. A body counts
 * until its processing ends, also after its client has disconnected.
 */
export class BodyReader {
  /** Divides long processing of bodies into pieces, one per turn of the event loop. */
  readonly turns = new EventLoopTurns();
  readonly #pace = new Pace();
  readonly #maxInFlight: number;
  readonly #maxSilenceMs: number;
  #inFlight = 0;

  constructor({ maxBodyBytes, maxSilenceMs = MAX_BODY_SILENCE_MS }: BodyReaderOptions) {
    this.#maxInFlight = Math.max(maxBodyBytes, MIN_BYTES_IN_FLIGHT);
    this.#maxSilenceMs = maxSilenceMs;
  }

  /** Total size of bodies being read or processed. */
  get bytesInFlight(): number {
    return this.#inFlight;
  }

  /**
   * Reads the body of a request and processes it.
   * @throws InvalidInput for a body that is too large, incomplete or compressed by another method than gzip; Unavailable (`too_many_requests`) if the
   * limit on bodies being read is reached
   */
  async read<T>(request: FastifyRequest, work: (body: Body) => Promise<T>, options: ReadOptions = {}): Promise<T> {
    const held = { bytes: 0 };
    try {
      return await work(await this.#receive(request, held, options.watch));
    } finally {
      this.#inFlight -= held.bytes;
    }
  }

  /** Reads and discards the remainder of a body, for at most `maxMs`; returns whether its end arrived. */
  async discard({ raw }: FastifyRequest, maxMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const late = setTimeout(() => resolve(false), maxMs);
    raw.on('data', (chunk: Uint8Array) => this.#pace.count(raw, chunk.length));
    raw.once('end', () => resolve(true)).once('close', () => resolve(false));
    raw.resume();
    const isRead = await promise;
    clearTimeout(late);
    return isRead;
  }

  #receive(request: FastifyRequest, held: { bytes: number }, watch?: (bytes: Uint8Array) => void): Promise<Body> {
    const { bodyLimit } = request.routeOptions;
    if (Number(request.headers['content-length']) > bodyLimit) throw tooLarge(bodyLimit);
    const source = request.raw;
    const unpacker = unpackerFor(request);
    const body = new Body();
    return new Promise((resolve, reject) => {
      const stream = unpacker === null ? source : source.pipe(unpacker);
      const silence = setTimeout(() => finish(tooSlow(this.#maxSilenceMs)), this.#maxSilenceMs);
      const onArrival = (chunk: Uint8Array) => {
        silence.refresh();
        if (unpacker === null) this.#pace.count(source, chunk.length);
      };
      const onData = (chunk: Uint8Array) => {
        try {
          if (body.length + chunk.length > bodyLimit) throw tooLarge(bodyLimit, unpacker !== null);
          if (unpacker !== null) checkRatio(body.length + chunk.length, unpacker);
          this.#hold(held, body.length + chunk.length);
          watch?.(chunk);
          body.add(chunk);
        } catch (error) {
          finish(error);
        }
      };
      const onEnd = () => finish();
      const onError = (error: Error) => finish(unpacker === null ? brokeOff(body) : cannotUnpack(error));
      const onClose = () => {
        // The stream also closes after its end, while its data is still being decompressed.
        if (!source.readableEnded) finish(brokeOff(body));
      };
      const finish = (error?: unknown) => {
        clearTimeout(silence);
        source.off('data', onArrival).off('close', onClose);
        stream.off('data', onData).off('end', onEnd);
        if (unpacker !== null) {
          source.unpipe(unpacker);
          unpacker.destroy();
        }
        if (error === undefined) resolve(body);
        else reject(error);
      };
      source.on('data', onArrival).once('close', onClose).once('error', onError);
      stream.on('data', onData).once('end', onEnd);
      unpacker?.once('error', onError);
    });
  }

  /** Counts a body that exceeds the uncounted minimum. @throws Unavailable if the limit on the total size is exceeded */
  #hold(held: { bytes: number }, length: number): void {
    if (length <= UNCOUNTED_BYTES) return;
    const more = length - held.bytes;
    if (this.#inFlight + more > this.#maxInFlight) {
      throw new Unavailable(
        `requests of ${this.#inFlight} bytes are being read already, at most ${this.#maxInFlight} at once: send this one again in ${RETRY_AFTER_S} s`,
        { code: 'too_many_requests', retryAfterS: RETRY_AFTER_S },
      );
    }
    held.bytes += more;
    this.#inFlight += more;
  }
}

/** Only signed-in callers may send compressed bodies: decompression allocates memory before the first byte is known. */
function unpackerFor(request: FastifyRequest): Gunzip | null {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity' || encoding === '') return null;
  const allowed = request.routeOptions.config.scope === 'public' ? 'identity' : 'gzip or identity';
  if (encoding === 'gzip' && allowed !== 'identity') return createGunzip({ chunkSize: UNPACK_CHUNK_BYTES });
  throw new InvalidInput(`content-encoding must be ${allowed}; got "${encoding}"`, { code: 'unsupported_media_type' });
}

function checkRatio(unpacked: number, unpacker: Gunzip): void {
  if (unpacked <= RATIO_FREE_BYTES || unpacked <= MAX_UNPACK_RATIO * unpacker.bytesWritten) return;
  throw new InvalidInput(
    `the body unpacks to more than ${MAX_UNPACK_RATIO} times its size: send it unpacked, or in parts of ${RATIO_FREE_BYTES} bytes`,
    { code: 'payload_too_large' },
  );
}

function tooLarge(bodyLimit: number, isUnpacked = false): InvalidInput {
  const detail = `the body is too large${isUnpacked ? ' once unpacked' : ''}: at most ${bodyLimit} bytes are taken here; send it in parts`;
  return new InvalidInput(detail, { code: 'payload_too_large' });
}

function tooSlow(maxSilenceMs: number): InvalidInput {
  return new InvalidInput(`nothing of the body arrived for ${maxSilenceMs / SECOND_MS} s`, { code: 'request_timeout' });
}

function brokeOff({ length }: Body): InvalidInput {
  return new InvalidInput(`the connection ended after ${length} bytes of the body; none of it was accepted`);
}

function cannotUnpack(error: Error): InvalidInput {
  return new InvalidInput(`the gzip body cannot be unpacked: ${messageOf(error)}; none of it was accepted`, {
    cause: error,
  });
}
