import { type Selectable, sql } from 'kysely';
import { v7 as newId } from 'uuid';
import { Conflict } from '../../../domain/errors.ts';
import { isTaken } from '../engine/constraint-errors.ts';
import { type Page, type PageRequest, pageOfQuery } from '../page.ts';
import { explainConstraint, unknownId } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';

/** Maximum number of an anomaly's events in one answer. */
const MAX_EVENTS = 1000;

/** An interval in which a machine deviated from its expected behaviour. Instants are epoch milliseconds. */
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
  /** End of its last slot. */
  readonly endAt: number;
  readonly value: number;
  /** null without a baseline. */
  readonly expectedValue: number | null;
  /** 0–1. */
  readonly confidence: number;
  /** JSON: the features that distinguish the anomaly. */
  readonly reasons: unknown;
  readonly detectedAt: number;
  /** null while it is active. */
  readonly resolvedAt: number | null;
}

export type AnomalyInput = Omit<AnomalyRecord, 'id' | 'detectedAt' | 'resolvedAt'>;

/** A comment on an anomaly, a label, or a change of its state. */
export interface AnomalyEvent {
  readonly at: number;
  /** A user's name, `token:NAME`, or `system`. */
  readonly actor: string;
  readonly kind: 'comment' | 'label' | 'resolved' | 'reopened';
  readonly text: string | null;
}

export interface AnomalyFilter {
  readonly deviceId?: string | undefined;
  /** Only anomalies of these devices. */
  readonly deviceIds?: readonly string[] | undefined;
  readonly severity?: AnomalyRecord['severity'] | undefined;
  readonly type?: string | undefined;
  /** Anomalies that end after this instant. */
  readonly start?: number | undefined;
  /** Anomalies that start before this instant. */
  readonly end?: number | undefined;
  /** true: unresolved only; false: resolved only. */
  readonly active?: boolean | undefined;
}

/** The last label of an anomaly. */
export interface LabelledAnomaly {
  readonly metric: string;
  readonly type: string;
  readonly reasons: unknown;
  readonly label: string;
}

/** Anomalies and their events. A machine has at most one anomaly per type, metric and start. */
export class Anomalies {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** Newest start first. */
  async page(request: PageRequest & AnomalyFilter): Promise<Page<AnomalyRecord>> {
    const key = { start_at: 'number', id: 'string' } as const;
    return pageOfQuery(this.#where(request).selectAll(), request, 'desc', key, toRecord);
  }

  async count(filter: AnomalyFilter): Promise<number> {
    const row = await this.#where(filter)
      .select(({ fn }) => fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    return Number(row.count);
  }

  #where({ deviceId, deviceIds, severity, type, start, end, active }: AnomalyFilter) {
    let query = this.#db.selectFrom('anomalies');
    if (deviceId !== undefined) query = query.where('device_id', '=', deviceId);
    // PostgreSQL rejects an empty list.
    if (deviceIds?.length === 0) query = query.where('id', 'is', null);
    else if (deviceIds !== undefined) query = query.where('device_id', 'in', [...deviceIds]);
    if (severity !== undefined) query = query.where('severity', '=', severity);
    if (type !== undefined) query = query.where('type', '=', type);
    if (start !== undefined) query = query.where('end_at', '>', start);
    if (end !== undefined) query = query.where('start_at', '<', end);
    if (active !== undefined) query = query.where('resolved_at', active ? 'is' : 'is not', null);
    return query;
  }

  /** Throws NotFound. */
  async require(id: string): Promise<AnomalyRecord> {
    const row = await this.#db.selectFrom('anomalies').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw unknownId('anomaly', id);
    return toRecord(row);
  }

  /** Adds an anomaly, or updates the existing one, which stays resolved if it was. Throws InvalidInput for an unknown device. */
  async put(anomaly: AnomalyInput): Promise<AnomalyRecord> {
    const { key, described } = rowOf(anomaly);
    const row = await this.#db
      .insertInto('anomalies')
      .values({ id: newId(), ...key, ...described, detected_at: this.#now() })
      .onConflict((conflict) => conflict.columns(['device_id', 'metric', 'type', 'start_at']).doUpdateSet(described))
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(explainConstraint({ reference: ['device_id', 'device', anomaly.deviceId] }));
    return toRecord(row);
  }

  /** Updates an anomaly, such as one that continues. Throws NotFound, or Conflict where another one has the same type, metric and start. */
  async update(id: string, anomaly: AnomalyInput): Promise<AnomalyRecord> {
    const { key, described } = rowOf(anomaly);
    const row = await this.#db
      .updateTable('anomalies')
      .set({ ...key, ...described })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst()
      .catch((error: unknown) => {
        if (!isTaken(error)) throw error;
        throw new Conflict(`another ${anomaly.type} of ${anomaly.metric} starts at the same instant`, { cause: error });
      });
    if (row === undefined) throw unknownId('anomaly', id);
    return toRecord(row);
  }

  /** Merges other anomalies and their events into this one, and deletes them. It is active if one of them was. Throws NotFound. */
  async absorb(id: string, others: readonly string[]): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      const all = transaction
        .selectFrom('anomalies')
        .select(['id', 'resolved_at'])
        .where('id', 'in', [id, ...others]);
      const rows = await all.execute();
      if (!rows.some((row) => row.id === id)) throw unknownId('anomaly', id);
      await transaction
        .updateTable('anomaly_events')
        .set({ anomaly_id: id })
        .where('anomaly_id', 'in', [...others])
        .execute();
      await transaction
        .deleteFrom('anomalies')
        .where('id', 'in', [...others])
        .execute();
      if (rows.every((row) => row.resolved_at !== null)) return;
      await transaction.updateTable('anomalies').set({ resolved_at: null }).where('id', '=', id).execute();
    });
  }

  /** Labelled anomalies of a device with their last label, at most 1,000. */
  async labelled(deviceId: string): Promise<LabelledAnomaly[]> {
    const rows = await this.#db
      .selectFrom('anomaly_events')
      .innerJoin('anomalies', 'anomalies.id', 'anomaly_events.anomaly_id')
      .select(['anomalies.id', 'anomalies.metric', 'anomalies.type', 'anomalies.reasons', 'anomaly_events.text'])
      .where('anomalies.device_id', '=', deviceId)
      .where('anomaly_events.kind', '=', 'label')
      .orderBy('anomaly_events.at', 'desc')
      .orderBy('anomaly_events.id', 'desc')
      .limit(MAX_EVENTS)
      .execute();
    const last = new Map(rows.toReversed().map((row) => [row.id, row]));
    return Array.from(last.values(), ({ metric, type, reasons, text }) => ({
      metric,
      type,
      reasons: JSON.parse(reasons),
      label: text ?? '',
    }));
  }

  /** Adds an event. `resolved` and `reopened` also change the state of the anomaly; the first `resolved` sets its time. Throws NotFound. */
  async note(id: string, event: Omit<AnomalyEvent, 'at'>): Promise<AnomalyRecord> {
    const at = this.#now();
    const resolvedAt = { resolved: at, reopened: null, comment: undefined, label: undefined }[event.kind];
    return this.#db.transaction().execute(async (transaction) => {
      const row = await transaction
        .updateTable('anomalies')
        .set(({ fn, ref }) => ({
          id,
          resolved_at: resolvedAt === at ? fn.coalesce(ref('resolved_at'), sql<number>`${at}`) : resolvedAt,
        }))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) throw unknownId('anomaly', id);
      const { actor, kind, text } = event;
      const added = { id: newId(), anomaly_id: id, at, actor, kind, text };
      await transaction.insertInto('anomaly_events').values(added).execute();
      return toRecord(row);
    });
  }

  /** Oldest first, at most 1,000. */
  async events(id: string): Promise<AnomalyEvent[]> {
    const rows = await this.#db
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

function rowOf({ deviceId, type, metric, startAt, ...rest }: AnomalyInput) {
  return {
    key: { device_id: deviceId, metric, type, start_at: startAt },
    described: {
      severity: rest.severity,
      end_at: rest.endAt,
      value: rest.value,
      expected_value: rest.expectedValue,
      confidence: rest.confidence,
      reasons: JSON.stringify(rest.reasons),
    },
  };
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
