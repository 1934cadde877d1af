import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

const SETTINGS = {
  'citus.local_hostname': '127.0.0.1',
  'citus.node_conninfo': 'sslmode=prefer',
  'citus.recover_2pc_interval': '1s',
  'citus.shard_count': '4',
};

/**
 * Starts a server with Citus that may connect to itself and to others like it.
 * @param bin folder with PostgreSQL's programs, the part CITUS
 */
export async function startCitus(bin: string): Promise<PostgresServer> {
  const server = await startPostgresServer(bin, 'citus', SETTINGS);
  await server.ask('create extension citus');
  const { username, password } = new URL(server.url());
  await server.ask(`insert into pg_dist_authinfo values (0, $1, 'password=' || $2)`, [username, password]);
  return server;
}
