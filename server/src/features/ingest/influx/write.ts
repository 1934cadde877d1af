import type { FastifyReply, FastifyRequest } from 'fastify';
import { InvalidInput } from '../../../domain/errors.ts';
import type { BodyReader } from '../../../http/body-reader.ts';
import type { Receipt } from '../../../ingest/ingest.ts';
import { MAX_REJECTIONS_LISTED, type Refusal } from '../../../ingest/validate.ts';
import type { DecodedLines, LineError, LineProtocolOptions } from '../../../sources/decode/line-protocol.ts';
import type { DeviceRules } from '../../../sources/decode/line-protocol-device.ts';
import type { Precision } from '../../../sources/decode/line-protocol-number.ts';
import { type ByteSource, decodeLineProtocolSlices } from '../../../sources/decode/line-protocol-slices.ts';
import type { IngestService } from '../service.ts';

/** Lines of a body up to this size are decoded without queueing. */
const SMALL_BYTES = 16 * 1024;
/** Maximum number of invalid lines that an answer lists individually. */
const MAX_LINE_ERRORS = 20;

/** The names of time units in InfluxDB 1.x and 2.x. */
const PRECISIONS = new Map(
  Object.entries<Precision>({
    n: 'ns',
    ns: 'ns',
    u: 'us',
    us: 'us',
    µ: 'us',
    ms: 'ms',
    s: 's',
    m: 'm',
    h: 'h',
  }),
);
/** Accepts the lines of a request: 204, or 400 with InfluxDB's message if any are rejected. */
export async function writeLines(
  request: FastifyRequest,
  reply: FastifyReply,
  intake: IngestService,
  options: DeviceRules & { readonly now: () => number },
) {
  const { now, deviceTags, labelTags } = options;
  const rules = { precision: precisionOf(request), nowMs: now(), deviceTags, labelTags };
  const { bodies } = request.server;
  const written = await bodies.read(request, async (body) => {
    const sum = new WrittenLines();
    for await (const { decoded, receipt } of intake.acceptLines(slicesOf(body, rules, bodies)))
      sum.add(decoded, receipt);
    return sum;
  });
  if (written.strings > 0) reply.header('x-wattkeeper-strings-left-out', written.strings);
  if (written.quarantined > 0) reply.header('x-wattkeeper-quarantined', written.quarantined);
  const problem = written.problem();
  if (problem !== null) throw new InvalidInput(problem);
  return reply.status(204).send();
}

async function* slicesOf(
  body: ByteSource,
  rules: LineProtocolOptions,
  { turns }: BodyReader,
): AsyncGenerator<DecodedLines> {
  const slices = decodeLineProtocolSlices(body, rules);
  for (;;) {
    if (body.length > SMALL_BYTES) await turns.next();
    const { value, done } = slices.next();
    if (done) return;
    yield value;
  }
}

/** The outcome of the lines of a request, added slice by slice. */
class WrittenLines {
  strings = 0;
  quarantined = 0;
  #lines = 0;
  #bad = 0;
  #rejected = 0;
  readonly #errors: LineError[] = [];
  readonly #refusals: Refusal[] = [];

  add({ lines, bad, strings, errors }: DecodedLines, { rejected, quarantined, refusals }: Receipt): void {
    this.strings += strings;
    this.quarantined += quarantined;
    this.#lines += lines;
    this.#bad += bad;
    this.#rejected += rejected;
    this.#errors.push(...errors.slice(0, MAX_LINE_ERRORS - this.#errors.length));
    this.#refusals.push(...refusals.slice(0, MAX_REJECTIONS_LISTED - this.#refusals.length));
  }

  /** InfluxDB's error message; null if every line was accepted. */
  problem(): string | null {
    if (this.#bad === 0 && this.#rejected === 0) return null;
    const bad = this.#bad > 0 ? [reasons(this.#errors, this.#bad)] : [];
    if (this.#lines === 0 && this.#rejected === 0) return bad.join();
    const rejected = this.#refusals.map(({ metric, detail }) => `${metric ?? 'line'}: ${detail}`);
    return `partial write: ${[...bad, ...rejected].join('\n')} dropped=${this.#rejected}`;
  }
}

function precisionOf(request: FastifyRequest): Precision {
  const given = (request.query as { precision?: string }).precision ?? 'ns';
  const precision = PRECISIONS.get(given);
  if (!precision) throw new InvalidInput(`invalid precision "${given}" (use n, ns, u, us, ms, s, m or h)`);
  return precision;
}

function reasons(errors: readonly LineError[], bad: number): string {
  const listed = errors.map(({ detail }) => detail);
  return [...listed, ...(bad > listed.length ? [`and ${bad - listed.length} more lines`] : [])].join('\n');
}
