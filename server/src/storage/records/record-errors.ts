import { Conflict, InvalidInput, NotFound } from '../../domain/errors.ts';
import { isDangling, isTaken } from './engine/constraint-errors.ts';

/** The fields that are given: what is undefined takes the default instead. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Names listed in an error message before it says how many more there are. */
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
  /** Names that are unique. */
  readonly name?: readonly [what: string, name: string | undefined];
  /** A column that refers to another table. */
  readonly reference?: readonly [field: string, what: string, id: string | null | undefined];
}

/** For `catch`: throws Conflict for a name that is taken, InvalidInput for an unknown reference, and any other error as it is. */
export function explainConstraint({ name, reference }: Constraints) {
  return (error: unknown): never => {
    if (name && isTaken(error)) throw nameTaken(name[0], name[1] ?? '', error);
    if (reference && isDangling(error)) throw unknownReference(reference[0], reference[1], reference[2] ?? '', error);
    throw error;
  };
}

function nameTaken(what: string, name: string, cause: unknown): Conflict {
  return new Conflict(`a ${what} named ${quoted(name)} is already there: take another name, or change that one`, {
    cause,
    fields: [{ field: 'name', detail: 'is already taken' }],
  });
}

function unknownReference(field: string, what: string, given: string, cause: unknown): InvalidInput {
  const detail = `must be the id of a ${what} that exists; got ${quoted(given)}`;
  return new InvalidInput(`${field} ${detail}`, { cause, fields: [{ field, detail }] });
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
