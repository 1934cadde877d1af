// A worker that responds, fails and exits on demand.
import { InvalidInput, Unavailable } from '../../src/domain/errors.ts';
import { serveCalls } from '../../src/domain/worker-calls.ts';

const methods = {
  async double(_: AbortSignal, numbers: Float64Array<ArrayBuffer>) {
    const value = numbers.map((number) => 2 * number);
    return { value, transfer: [value.buffer] };
  },
  async refuse(_: AbortSignal, found: string) {
    throw new InvalidInput(`only good things are allowed; got ${found}`);
  },
  async fail() {
    const cause = new Unavailable('the meter is away', { retryAfterS: 3 });
    throw new InvalidInput('no value', { fields: [{ field: 'power', detail: 'is missing' }], cause });
  },
  async wait(signal: AbortSignal) {
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    return { value: undefined };
  },
  async die() {
    process.exit(3);
    return { value: undefined };
  },
};

export type FailingMethods = typeof methods;

serveCalls(methods, (error) => error);
