import { z } from 'zod';

/** A record schema that retains the key `__proto__` like any other; `z.record` drops it silently. */
const KeepsEveryName: new (definition: z.core.$ZodRecordDef) => z.ZodRecord = z.core.$constructor(
  'NamedRecord',
  (schema: z.ZodRecord, definition) => {
    z.ZodRecord.init(schema, definition as never);
    const parseOthers = schema._zod.parse;
    schema._zod.parse = (payload, context) => {
      const given = Object.getOwnPropertyDescriptor(Object(payload.value), '__proto__');
      const parsed = atOnce(parseOthers(payload, context));
      if (given === undefined || typeof parsed.value !== 'object') return parsed;
      const { value, issues } = atOnce(definition.valueType._zod.run({ value: given.value, issues: [] }, context));
      parsed.issues.push(...z.core.util.prefixIssues('__proto__', issues));
      Object.defineProperty(parsed.value, '__proto__', { ...given, value });
      return parsed;
    };
  },
);

/** A schema of values by external names, which may be any text. */
export function byName<V extends z.ZodType>(value: V, name: z.ZodString = z.string()): z.ZodRecord<z.ZodString, V> {
  return new KeepsEveryName({ type: 'record', keyType: name, valueType: value }) as z.ZodRecord<z.ZodString, V>;
}

function atOnce<T>(result: T | Promise<T>): T {
  if (result instanceof Promise) throw new TypeError('the values of a named record have no asynchronous checks');
  return result;
}
