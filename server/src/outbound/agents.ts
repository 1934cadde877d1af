import { type AgentOptions, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Socket } from 'node:net';
import type { Gate } from './gate.ts';

/** Closes idle connections before most servers do, so that no request is sent on a connection that the server is closing. */
const IDLE_MS = 4_000;
const OPTIONS: AgentOptions = { keepAlive: true, timeout: IDLE_MS };

/** Agents for `node:http` and `node:https` whose connections pass through a gate. Clients of object stores accept them too. */
export function agentsOf(gate: Gate): { readonly http: HttpAgent; readonly https: HttpsAgent } {
  return { http: gated(new HttpAgent(OPTIONS), gate), https: gated(new HttpsAgent(OPTIONS), gate) };
}

function gated<A extends HttpAgent>(agent: A, gate: Gate): A {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => {
    try {
      const lookup = gate.lookupFor(options.host ?? 'localhost', Number(options.port));
      return connect({ ...options, lookup }, done);
    } catch (error) {
      // An error thrown here would end the process.
      process.nextTick(() => done?.(error as Error, new Socket()));
      return undefined;
    }
  };
  return agent;
}

/** A socket for clients that connect it themselves, to a host and port or to the path of a Unix domain socket. */
export function gatedSocket(gate: Gate): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  const connectByName = (port: number | string, host?: string) => {
    if (typeof port === 'string') return connect(port);
    try {
      return connect({ port, host: host ?? 'localhost', lookup: gate.lookupFor(host ?? 'localhost', port) });
    } catch (error) {
      return socket.destroy(error as Error);
    }
  };
  socket.connect = connectByName as Socket['connect'];
  return socket;
}
