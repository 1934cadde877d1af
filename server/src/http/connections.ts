import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { MINUTE_MS, SECOND_MS } from '@wattkeeper/contract/durations.ts';

/** Limits on the number of connections and on the arrival time of requests. */
export interface ConnectionLimits {
  /** Open connections, WebSockets included. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Maximum time until the headers of a request, and the whole request, have arrived. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** Maximum time between two requests of a connection. */
  readonly idleMs: number;
  /** Interval between checks of these times. */
  readonly checkMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  maxConnections: 2_000,
  maxConnectionsPerAddress: 1_200,
  headersMs: 15 * SECOND_MS,
  requestMs: 5 * MINUTE_MS,
  idleMs: 72 * SECOND_MS,
  checkMs: 5 * SECOND_MS,
};

/**
 * Closes connections beyond the limits immediately: connections that cannot be served must not use memory.
 *
 * @param perAddress false behind a reverse proxy, whose address is that of all connections
 */
export function limitConnections(server: Server, limits: ConnectionLimits, perAddress: boolean): void {
  server.maxConnections = limits.maxConnections;
  if (!perAddress) return;
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress;
    if (address === undefined) return;
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = open.get(address)! - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > limits.maxConnectionsPerAddress) socket.destroy();
  });
}
