import { Conflict, InvalidInput, NotFound } from '../../domain/errors.ts';
import { isDangling, isTaken } from './engine/constraint-errors.ts';

/** The given fields: undefined fields are omitted and take their defaults. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Maximum number of names listed in an error message. */
const MAX_NAMES_LISTED = 10;

export function unknownNamed(what: string, given: string, known: readonly string[]): NotFound {
  const shown = known.slice(0, MAX_NAMES_LISTED).map((name) => `"${name}"`);
  const more = known.length > shown.length ? ` and ${known.length - shown.length} more` : '';
  const there = known.length === 0 ? `no ${what} is known yet` : `known: ${shown.join(', ')}${more}`;
  return new NotFound(`there is no ${what} with the id or name ${quoted(given)}; ${there}`);
}

export function unknownId(what: string, id: string): NotFound {
  return new NotFound(`there is no ${what} with the id "${id}"`);
}

export interface Constraints {
  /** Unique names. */
  readonly name?: readonly [what: string, name: string | undefined];
  /** A foreign key. */
  readonly reference?: readonly [field: string, what: string, id: string | null | undefined];
}

/** For `catch`: throws Conflict for a taken name, InvalidInput for an unknown reference, and any other error unchanged. */
export function explainConstraint({ name, reference }: Constraints) {
  return (error: unknown): never => {
    if (name && isTaken(error)) throw nameTaken(name[0], name[1] ?? '', error);
    if (reference && isDangling(error)) throw unknownReference(reference[0], reference[1], reference[2] ?? '', error);
    throw error;
  };
}

function nameTaken(what: string, name: string, cause: unknown): Conflict {
  return new Conflict(`a ${what} named ${quoted(name)} already exists: choose another name, or change that one`, {
    cause,
    fields: [{ field: 'name', detail: 'is already taken' }],
  });
}

function unknownReference(field: string, what: string, given: string, cause: unknown): InvalidInput {
  const detail = `must be the id of an existing ${what}; got ${quoted(given)}`;
  return new InvalidInput(`${field} ${detail}`, { cause, fields: [{ field, detail }] });
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
