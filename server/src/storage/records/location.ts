/** A SQLite file, made with its folder when missing; `:memory:` keeps everything in memory. */
export interface SqliteLocation {
  readonly type: 'sqlite';
  readonly path: string;
}

/** A schema in a PostgreSQL database, made when missing. */
export interface PostgresLocation {
  readonly type: 'postgres';
  /** `postgres://user:password@host:port/database?sslmode=verify-full`; in place of the six that follow. */
  readonly url?: string | undefined;
  /** Default: localhost. */
  readonly host?: string | undefined;
  /** Default: 5432. */
  readonly port?: number | undefined;
  /** Default: wattkeeper. */
  readonly database?: string | undefined;
  /** Default: wattkeeper. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Encrypts and checks the server's certificate. Default: no. */
  readonly tls?: boolean | undefined;
  readonly schema: string;
  /** Most connections at a time. Default: 10. */
  readonly maxConnections?: number | undefined;
}

export type RecordsLocation = SqliteLocation | PostgresLocation;
