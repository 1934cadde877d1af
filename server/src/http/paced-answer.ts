import { Readable } from 'node:stream';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Maximum number of values serialised in one piece, which takes a few milliseconds. */
export const MAX_PIECE_VALUES = 8192;
/** An answer is aborted if its client reads nothing for this time, so that it does not use memory indefinitely. */
export const MAX_ANSWER_SILENCE_MS = 2 * MINUTE_MS;
/** Minimum length of text that is sent together, except at the end. */
const SENT_CHARACTERS = 64 * 1024;

/**
 * Sends a long text that is built piece by piece while it is sent: one part per turn of the event loop, so that other requests are answered in between,
 * and only as fast as the client reads. `onEnd` is called when the pieces are no longer needed.
 */
export function sendText(
  request: FastifyRequest,
  reply: FastifyReply,
  pieces: Iterable<string>,
  onEnd: () => void,
): FastifyReply {
  const parts = together(pieces);
  const first = parts.next();
  if (first.done || first.value.length < SENT_CHARACTERS) {
    onEnd();
    return reply.serializer(String).send(first.value ?? '');
  }
  function* all() {
    yield first.value as string;
    yield* parts;
  }
  return sendPaced(request, reply, all(), onEnd);
}

/** Sends a stream, one piece per turn of the event loop. */
export function sendPaced(
  request: FastifyRequest,
  reply: FastifyReply,
  pieces: AsyncIterable<string | Uint8Array> | Iterable<string>,
  onEnd: () => void = () => {},
): FastifyReply {
  const { turns } = request.server.bodies;
  const silence = setTimeout(
    () => body.destroy(new Error('nothing of the answer was taken for too long')),
    MAX_ANSWER_SILENCE_MS,
  );
  async function* paced() {
    for await (const piece of pieces) {
      yield piece;
      silence.refresh();
      await turns.next();
    }
  }
  const body = Readable.from(paced(), { objectMode: false });
  body.once('close', () => {
    clearTimeout(silence);
    onEnd();
  });
  return reply.send(body);
}

function* together(pieces: Iterable<string>): Generator<string, undefined> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < SENT_CHARACTERS) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}
