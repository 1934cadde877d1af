import type { ColumnType, Generated, Kysely, Transaction } from 'kysely';

/**
 * The tables as of the newest migration. Types that SQLite and PostgreSQL share: instants are epoch milliseconds, booleans are 0 or 1, JSON
 * is text.
 */
export interface Schema {
  sites: {
    id: string;
    name: string;
    timezone: string;
    currency: string;
    latitude: number | null;
    longitude: number | null;
    country: string | null;
    emission_factor_kg_per_kwh: number;
    is_default: number;
    is_demo: number;
    tariff_id: string | null;
    created_at: number;
  };
  devices: {
    id: string;
    site_id: string;
    name: string;
    kind: string;
    labels: string;
    expected_interval_s: number | null;
    retired_at: number | null;
    holds_s: number | null;
    rated_power_kw: number | null;
    /** JSON: behaviour by metric. */
    counters: string;
    counter_decisions: string;
    /** JSON: length of intervals by metric. */
    intervals: string;
    created_at: number;
  };
  series: { device_id: string; metric: string; first_seen_at: number };
  metrics: {
    name: string;
    label: string;
    unit: string;
    kind: string;
    minimum: number | null;
    maximum: number | null;
    sign: string | null;
  };
  tariffs: { id: string; name: string; terms: string; created_at: number; updated_at: number };
  device_removals: { device_id: string; name: string; removed_at: number };
  device_removal_places: { device_id: string; journal: number; place: string; done_at: number };
  charging_sessions: {
    id: string;
    device_id: string;
    direction: string;
    start_at: number;
    end_at: number | null;
    energy_kwh: number;
    start_soc_percent: number | null;
    end_soc_percent: number | null;
    average_price_per_kwh: number | null;
    cost: number | null;
    grid_share: number | null;
    fallback_share: number | null;
    note: string | null;
    source: string;
  };
  settings: { key: string; value: string; version: number; updated_at: number };
  layouts: { user_id: string; name: string; layout: string; updated_at: number };
  features: { name: string; enabled: number; updated_at: number };
  jobs: {
    id: string;
    name: string;
    state: string;
    progress: number | null;
    message: string | null;
    result: string | null;
    error: string | null;
    created_at: number;
    started_at: number | null;
    finished_at: number | null;
  };
  reports: { site_id: string; kind: string; period: string; content: string; created_at: number };
  baselines: {
    id: string;
    device_id: string;
    version: number;
    is_active: number;
    model: string;
    trained_at: number;
  };
  baseline_adjustments: {
    id: string;
    device_id: string;
    start_at: number;
    end_at: number;
    kwh: number | null;
    reason: string;
    created_by: string;
    created_at: number;
  };
  forecasts: {
    subject: string;
    kind: string;
    site_id: string;
    device_id: string | null;
    content: string;
    made_at: number;
  };
  anomalies: {
    id: string;
    device_id: string;
    type: string;
    severity: string;
    metric: string;
    start_at: number;
    end_at: number;
    value: number;
    expected_value: number | null;
    confidence: number;
    reasons: string;
    detected_at: number;
    resolved_at: number | null;
  };
  anomaly_events: {
    id: string;
    anomaly_id: string;
    at: number;
    actor: string;
    kind: string;
    text: string | null;
  };
  import_states: { key: string; state: string; updated_at: number };
  users: { id: string; username: string; role: string; password_hash: string | null; created_at: number };
  sessions: {
    id_hash: string;
    user_id: string;
    csrf_token: string;
    created_at: number;
    last_used_at: number;
    expires_at: number;
  };
  sign_in_codes: {
    code_hash: string;
    user_id: string | null;
    created_at: number;
    expires_at: number;
    used_at: number | null;
  };
  repairs: {
    id: string;
    device_id: string;
    metric: string;
    start_at: number;
    end_at: number;
    operation: string;
    reason: string;
    actor: string;
    state: string;
    counts: string;
    before: string;
    after: string;
    created_at: number;
    undone_at: number | null;
    undone_by: string | null;
  };
  calendars: {
    id: string;
    site_id: string;
    name: string;
    default_category: string;
    periods: string;
    created_at: number;
    updated_at: number;
  };
  custom_kpis: {
    id: string;
    name: string;
    description: string;
    expression: string;
    unit: string | null;
    site_id: string | null;
    created_at: number;
    updated_at: number;
  };
  api_tokens: {
    id: string;
    name: string;
    token_hash: string;
    scopes: string;
    user_id: string | null;
    created_at: number;
    expires_at: number | null;
    last_used_at: number | null;
  };
  audit_log: {
    id: Generated<number>;
    at: ColumnType<number, number, never>;
    actor: ColumnType<string, string, never>;
    action: ColumnType<string, string, never>;
    target: ColumnType<string | null, string | null, never>;
    detail: ColumnType<string | null, string | null, never>;
  };
}

export type RecordsDatabase = Kysely<Schema>;
export type RecordsTransaction = Transaction<Schema>;
/** A connection for queries: the database, or a transaction of it. */
export type RecordsConnection = Kysely<Schema> | Transaction<Schema>;

/** The dependencies of every repository. */
export interface RecordsContext {
  readonly db: RecordsDatabase;
  /** Epoch milliseconds. */
  readonly now: () => number;
}
