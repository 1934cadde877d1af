import { randomUUID } from 'node:crypto';
import type { Selectable } from 'kysely';
import { NotFound } from '../../domain/errors.ts';
import { isDangling } from './constraint-errors.ts';
import { cursorKey, type Page, type PageRequest, pageFrom, pageLimit } from './page.ts';
import { unknownReference } from './rows.ts';
import type { RecordsContext, Schema } from './schema.ts';

/** Most events of an anomaly in one answer. */
const MAX_EVENTS = 1000;

/** A stretch in which a machine did not behave as it should. Instants are epoch milliseconds. */
export interface AnomalyRecord {
  readonly id: string;
  /** The machine. */
  readonly deviceId: string;
  /** Such as `power_spike`. */
  readonly type: string;
  readonly severity: 'warning' | 'critical';
  /** Full metric name; value and expected value are in its unit. */
  readonly metric: string;
  readonly startAt: number;
  /** Of the last reading that belongs to it. */
  readonly endAt: number;
  readonly value: number;
  /** null where no baseline says what to expect. */
  readonly expectedValue: number | null;
  /** 0–1. */
  readonly confidence: number;
  /** JSON: the features that isolate it. */
  readonly reasons: unknown;
  readonly detectedAt: number;
  /** null while it is active. */
  readonly resolvedAt: number | null;
}

export type AnomalyInput = Omit<AnomalyRecord, 'id' | 'detectedAt' | 'resolvedAt'>;

/** What somebody said about an anomaly, or did with it. */
export interface AnomalyEvent {
  readonly at: number;
  /** A user's name, `token:NAME`, or `system`. */
  readonly actor: string;
  readonly kind: 'comment' | 'label' | 'resolved' | 'reopened';
  readonly text: string | null;
}

export interface AnomalyFilter {
  readonly deviceId?: string | undefined;
  readonly severity?: AnomalyRecord['severity'] | undefined;
  /** Those that start at or after this instant. */
  readonly start?: number | undefined;
  /** Only those that nobody resolved. */
  readonly active?: true | undefined;
}

/** A machine has at most one anomaly of a type that starts at an instant in a metric. */
export interface Anomalies {
  /** Newest start first. */
  page(request: PageRequest & AnomalyFilter): Promise<Page<AnomalyRecord>>;
  /** Throws NotFound. */
  require(id: string): Promise<AnomalyRecord>;
  /** Adds an anomaly, or describes it anew when it was found before: who resolved it stays. Throws InvalidInput for an unknown device. */
  put(anomaly: AnomalyInput): Promise<AnomalyRecord>;
  /** Adds an event; `resolved` and `reopened` change the anomaly as well. Throws NotFound. */
  note(id: string, event: Omit<AnomalyEvent, 'at'>): Promise<AnomalyRecord>;
  /** Oldest first, at most 1,000. */
  events(id: string): Promise<AnomalyEvent[]>;
}

/** Anomalies in the records' database. */
export class SqlAnomalies implements Anomalies {
  readonly #context: RecordsContext;

  constructor(context: RecordsContext) {
    this.#context = context;
  }

  async page(request: PageRequest & AnomalyFilter): Promise<Page<AnomalyRecord>> {
    const limit = pageLimit(request);
    const after = cursorKey(request.cursor, 'number', 'string');
    let query = this.#context.db.selectFrom('anomalies').selectAll().orderBy('start_at', 'desc').orderBy('id', 'desc');
    const { deviceId, severity, start, active } = request;
    if (deviceId !== undefined) query = query.where('device_id', '=', deviceId);
    if (severity !== undefined) query = query.where('severity', '=', severity);
    if (start !== undefined) query = query.where('start_at', '>=', start);
    if (active) query = query.where('resolved_at', 'is', null);
    if (after !== null) {
      query = query.where((where) =>
        where(where.refTuple('start_at', 'id'), '<', where.tuple(Number(after[0]), String(after[1]))),
      );
    }
    const rows = await query.limit(limit + 1).execute();
    return pageFrom(rows.map(toRecord), limit, (anomaly) => [anomaly.startAt, anomaly.id]);
  }

  async require(id: string): Promise<AnomalyRecord> {
    const row = await this.#context.db.selectFrom('anomalies').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw unknownAnomaly(id);
    return toRecord(row);
  }

  async put(anomaly: AnomalyInput): Promise<AnomalyRecord> {
    const { deviceId, type, metric, startAt } = anomaly;
    const described = {
      severity: anomaly.severity,
      end_at: anomaly.endAt,
      value: anomaly.value,
      expected_value: anomaly.expectedValue,
      confidence: anomaly.confidence,
      reasons: JSON.stringify(anomaly.reasons),
    };
    const key = { device_id: deviceId, metric, type, start_at: startAt };
    const row = await this.#context.db
      .insertInto('anomalies')
      .values({ id: randomUUID(), ...key, ...described, detected_at: this.#context.now() })
      .onConflict((conflict) => conflict.columns(['device_id', 'metric', 'type', 'start_at']).doUpdateSet(described))
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch((error: unknown) => {
        throw isDangling(error) ? unknownReference('device_id', 'device', deviceId, error) : error;
      });
    return toRecord(row);
  }

  async note(id: string, event: Omit<AnomalyEvent, 'at'>): Promise<AnomalyRecord> {
    const at = this.#context.now();
    const resolvedAt = { resolved: at, reopened: null, comment: undefined, label: undefined }[event.kind];
    return this.#context.db.transaction().execute(async (transaction) => {
      const update = transaction.updateTable('anomalies').set({ id, resolved_at: resolvedAt }).where('id', '=', id);
      const row = await update.returningAll().executeTakeFirst();
      if (row === undefined) throw unknownAnomaly(id);
      const { actor, kind, text } = event;
      const added = { id: randomUUID(), anomaly_id: id, at, actor, kind, text };
      await transaction.insertInto('anomaly_events').values(added).execute();
      return toRecord(row);
    });
  }

  async events(id: string): Promise<AnomalyEvent[]> {
    const rows = await this.#context.db
      .selectFrom('anomaly_events')
      .select(['at', 'actor', 'kind', 'text'])
      .where('anomaly_id', '=', id)
      .orderBy('at')
      .orderBy('id')
      .limit(MAX_EVENTS)
      .execute();
    return rows.map((row) => ({ ...row, kind: row.kind as AnomalyEvent['kind'] }));
  }
}

function toRecord(row: Selectable<Schema['anomalies']>): AnomalyRecord {
  return {
    id: row.id,
    deviceId: row.device_id,
    type: row.type,
    severity: row.severity as AnomalyRecord['severity'],
    metric: row.metric,
    startAt: row.start_at,
    endAt: row.end_at,
    value: row.value,
    expectedValue: row.expected_value,
    confidence: row.confidence,
    reasons: JSON.parse(row.reasons),
    detectedAt: row.detected_at,
    resolvedAt: row.resolved_at,
  };
}

function unknownAnomaly(id: string): NotFound {
  return new NotFound(`there is no anomaly with the id "${id}"`);
}
