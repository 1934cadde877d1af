import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { InvalidInput } from '../domain/errors.ts';
import { toWire, type WireError } from '../domain/wire-error.ts';

/** A pure function of plain data and columns. */
// biome-ignore lint/suspicious/noExplicitAny: each model types its own input
export type Model = (input: any) => unknown;
/** Models by name. A thread loads a model when it first runs it. */
export type ModelList = Record<string, () => Promise<Model>>;

export type InputOf<L extends ModelList, N extends keyof L> = Parameters<Awaited<ReturnType<L[N]>>>[0];
export type ResultOf<L extends ModelList, N extends keyof L> = Awaited<ReturnType<Awaited<ReturnType<L[N]>>>>;

/** A request from the pool to a thread. */
export interface ModelCall {
  readonly name: string;
  readonly input: unknown;
}
export type ModelAnswer = { readonly value: unknown } | { readonly error: WireError };

/** The `run` function of a model worker: runs models of the list, and transfers columns instead of copying them. */
export function serveModels(models: ModelList): (call: ModelCall) => Promise<ModelAnswer> {
  return async ({ name, input }) => {
    try {
      const load = ownValue(models, name);
      if (load === undefined) {
        throw new InvalidInput(`unknown model ${JSON.stringify(name)}; known are ${Object.keys(models).join(', ')}`);
      }
      const model = await load();
      const value = await model(input);
      const answer: ModelAnswer = { value };
      return handedOver(answer, [...new Set(columnsIn(value))]);
    } catch (error) {
      return { error: toWire(error) };
    }
  };
}

function handedOver<T extends object>(value: T, memory: readonly ArrayBuffer[]): T {
  return move({ [valueSymbol]: value, [transferableSymbol]: memory }) as unknown as T;
}

/** The buffers of the columns in plain data, for transfer. Lists of numbers and texts are not searched. */
function* columnsIn(value: unknown): Generator<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) yield value.buffer as ArrayBuffer;
  else if (Array.isArray(value) && typeof value[0] !== 'object') return;
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) yield* columnsIn(part);
}
