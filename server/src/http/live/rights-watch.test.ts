import { LIVE_CLOSE } from '@wattkeeper/contract/live.ts';
import { describe, expect, it } from 'vitest';
import { end, liveWorld, ROOT, stall } from '../../../test/live/live-world.ts';
import { ADMIN_HEADERS } from '../../../test/records/secured-app.ts';
import { SESSION_MS } from '../../features/auth/service.ts';

describe('a live stream is closed', () => {
  const ENDED = [LIVE_CLOSE.signedOut, 'the session or token has ended: sign in again'];
  const LESS = [LIVE_CLOSE.rightsChanged, 'the rights have changed: connect again'];

  it.each(['in this process', 'by another process'])(
    'when its session or token ends or may do less %s',
    async (where) => {
      const { auth, open, session, tokenHeaders, otherProcess, live } = await liveWorld();
      const bystanders = [
        ADMIN_HEADERS,
        await tokenHeaders('bystander'),
        (await session('bystander', 'viewer')).headers,
      ];
      const sockets = await Promise.all(bystanders.map((headers) => open(headers)));
      const changing = where === 'in this process' ? auth : await otherProcess();
      const cases: [string, Record<string, string>, () => Promise<unknown>, unknown][] = [];

      const leaving = await session('leaving', 'viewer');
      const caller = (await auth.authenticate({}, { wattkeeper_session: leaving.signedIn.sessionId }))!;
      cases.push(['signed out', leaving.headers, () => changing.signOut(caller), ENDED]);
      const { user, headers } = await session('demoted', 'operator');
      const demoted = () => changing.users.setRole(user.id, 'viewer', 'test');
      cases.push(['demoted', headers, demoted, LESS]);
      cases.push(['token of someone demoted', await tokenHeaders('of demoted', user.id), demoted, LESS]);
      const { user: locked, headers: lockedOut } = await session('locked', 'operator');
      const setPassword = () => changing.users.setPassword(locked.id, 'long enough words', 'test');
      cases.push(['password set', lockedOut, setPassword, ENDED]);
      const { user: removed, headers: ofRemoved } = await session('removed', 'operator');
      const remove = () => changing.users.remove(removed.id, 'test');
      cases.push(['token of someone removed', await tokenHeaders('of removed', removed.id), remove, ENDED]);
      cases.push(['removed', ofRemoved, async () => {}, ENDED]);
      const revoke = () => changing.tokens.revoke('revoked', ROOT);
      cases.push(['token revoked', await tokenHeaders('revoked'), revoke, ENDED]);

      const ends = await Promise.all(cases.map(async ([what, headers]) => [what, end(await open(headers))] as const));
      for (const [, , change] of cases) await change();
      for (const [i, [what, ended]] of ends.entries()) expect(await ended, what).toEqual(cases[i]![3]);
      for (const socket of sockets) expect(socket.readyState).toBe(socket.OPEN);
      await expect.poll(() => live.clientCount).toBe(sockets.length);
    },
  );

  it('when its token or session expires', async () => {
    const { clock, open, session, tokenHeaders } = await liveWorld();
    const lasting = await open(await tokenHeaders('lasting'));
    const expiring = await open(await tokenHeaders('expiring', null, clock.now + SESSION_MS));
    const idle = await open((await session('idle', 'viewer')).headers);
    const ends = Promise.all([end(expiring), end(idle)]);
    clock.now += SESSION_MS;
    expect(await ends).toEqual([ENDED, ENDED]);
    expect(lasting.readyState).toBe(lasting.OPEN);
  });

  it('even if its client does not read', async () => {
    const { auth, open, report, live, buffered, tokenHeaders } = await liveWorld();
    report(1_000, 100, 1);
    const socket = await open(await tokenHeaders('slow'));
    await stall(socket, buffered);
    await auth.tokens.revoke('slow', ROOT);
    await expect.poll(() => live.clientCount).toBe(0);
    socket.terminate();
  });

  it('when rights cannot be read for several checks', async () => {
    const { records, open, tokenHeaders } = await liveWorld();
    const socket = await open(await tokenHeaders('waiting'));
    const ended = end(socket);
    await records.close();
    expect(await ended).toEqual([LIVE_CLOSE.unavailable, 'rights cannot be checked at present']);
  });
});
