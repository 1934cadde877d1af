import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { InvalidInput, Unavailable } from '../../src/domain/errors.ts';
import { refuseOldServer } from '../../src/storage/records/engine/engine.ts';
import { openRecords } from '../../src/storage/records/record-store.ts';
import type { PostgresLocation } from '../../src/storage/records/records-options.ts';
import { describeWith } from '../needs.ts';
import { type PostgresServer, startPostgresServer } from '../storage/postgres-server.ts';
import { recordStorePromises, sharedRecordsPromises } from './record-store-promises.ts';
import { rawDatabase, recordsIn } from './temporary-records.ts';

describeWith('POSTGRES_BIN', 'records in PostgreSQL', (bin) => {
  let server: PostgresServer;
  let places = 0;
  const newPlace = async (): Promise<PostgresLocation> => {
    places += 1;
    return { type: 'postgres', url: server.url('records'), schema: `place_${places}` };
  };
  const administer = async (...statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await server.ask(statement);
  };
  /** Ends all other connections, as a failing network or an administrator does. */
  const breakConnections = () =>
    administer('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()');

  beforeAll(async () => {
    server = await startPostgresServer(bin);
    // A server with an English collation sorts "a b" after "ab", and capitals next to lowercase letters.
    await administer("create database records template template0 locale_provider icu icu_locale 'en-US'");
    await administer("create role guest login password 'let me in'");
  });
  afterAll(() => server.remove());

  recordStorePromises(newPlace);
  sharedRecordsPromises(newPlace);

  const guest = (changes: Partial<PostgresLocation> = {}): PostgresLocation => ({
    type: 'postgres',
    host: '127.0.0.1',
    port: server.port,
    database: 'records',
    user: 'guest',
    password: 'let me in',
    schema: 'of_the_guest',
    ...changes,
  });

  it('explains how to correct a wrong password, without showing it', async () => {
    const refused = openRecords(guest({ password: 'a wrong password' }));
    await expect(refused).rejects.toThrow(Unavailable);
    await expect(refused).rejects.toThrow(/rejects the user "guest".*check records.user, records.password/);
    await expect(refused).rejects.not.toThrow(/a wrong password/);
    await expect(openRecords(guest({ password: undefined }))).rejects.toThrow(/rejects the user "guest"/);
  });

  it('explains how to create a missing database', async () => {
    const refused = openRecords(guest({ database: 'nowhere' }));
    await expect(refused).rejects.toThrow(Unavailable);
    await expect(refused).rejects.toThrow(/no database "nowhere".*CREATE DATABASE "nowhere" OWNER "guest"/);
  });

  it('names the missing privilege, and works once it is granted', async () => {
    await expect(openRecords(guest())).rejects.toThrow(
      /"guest" lacks permissions.*GRANT CREATE ON DATABASE "records" TO "guest"/,
    );
    await administer('grant create on database records to guest');
    const records = await recordsIn(guest());
    expect(await records.sites.ensureDefault()).toMatchObject({ name: 'Home' });
  });

  it('reports a server that does not respond, or not over TLS', async () => {
    await expect(openRecords(guest({ port: 1 }))).rejects.toThrow(
      /127.0.0.1:1\/records cannot be reached.*ECONNREFUSED/,
    );
    await expect(openRecords(guest({ tls: true }))).rejects.toThrow(/cannot be reached.*does not support SSL.*TLS/);
  });

  it('rejects servers older than version 13', () => {
    expect(() => refuseOldServer(120_022, 'db:5432/records')).toThrow(/version 12, and the records need 13 or newer/);
    expect(() => refuseOldServer(130_000, 'db:5432/records')).not.toThrow();
  });

  it('rejects a string that PostgreSQL cannot store as invalid input', async () => {
    const records = await recordsIn(await newPlace());
    await expect(records.devices.ensure('zero \0 character')).rejects.toThrow(InvalidInput);
  });

  it('uses only its own schema', async () => {
    const [one, two] = [await newPlace(), await newPlace()];
    await (await recordsIn(one)).sites.create({ name: 'Home' });
    expect(await (await recordsIn(two)).sites.list()).toEqual([]);
    const tables = await rawDatabase<unknown>(one).introspection.getTables();
    expect(tables.filter(({ schema }) => schema === 'public')).toEqual([]);
  });

  it('reports a read-only server', async () => {
    const place = await newPlace();
    await (await recordsIn(place)).sites.create({ name: 'Home' });
    await administer('alter database records set default_transaction_read_only = on');
    onTestFinished(() => administer('alter database records reset default_transaction_read_only'));
    await breakConnections();
    const records = await recordsIn(place);
    expect(await records.sites.list()).toHaveLength(1);
    await expect(records.sites.create({ name: 'Boat' })).rejects.toThrow(/is read-only.*connect to the primary/);
    expect(await records.health()).toMatchObject({ status: 'failed', error: expect.stringContaining('primary') });
  });

  it('continues after broken connections', async () => {
    const records = await recordsIn(await newPlace());
    await records.sites.create({ name: 'Home' });
    for (let round = 0; round < 3; round++) {
      await breakConnections();
      await expect.poll(() => records.health()).toMatchObject({ status: 'ok' });
      expect(await records.sites.list()).toHaveLength(1);
    }
  });

  it('rolls back a transaction whose connection broke, and runs the next one', async () => {
    const place = await newPlace();
    const records = await recordsIn(place);
    await records.sites.create({ name: 'Boat' });
    const db = rawDatabase<{ sites: { name: string } }>(place);
    const broken = db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('sites').execute();
      await breakConnections();
      await transaction.selectFrom('sites').selectAll().execute();
    });
    await expect(broken).rejects.toThrow(Unavailable);
    await expect.poll(() => records.health()).toMatchObject({ status: 'ok' });
    await records.sites.create({ name: 'Home' });
    expect(await records.sites.list()).toMatchObject([{ name: 'Boat' }, { name: 'Home' }]);
  });

  it('is unavailable while the server is down, and recovers automatically', async () => {
    const records = await recordsIn(await newPlace());
    await records.devices.ensure('Meter');
    await server.stop('SIGQUIT');
    await expect(records.devices.list()).rejects.toThrow(Unavailable);
    expect(await records.health()).toMatchObject({ type: 'postgres', status: 'failed' });
    await server.start();
    expect(await records.devices.list()).toMatchObject([{ name: 'Meter' }]);
    expect(await records.health()).toMatchObject({ status: 'ok' });
  });
});
