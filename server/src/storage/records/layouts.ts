import { InvalidInput } from '../../domain/errors.ts';
import { isDangling } from './engine/constraint-errors.ts';
import type { RecordsContext } from './schema.ts';

/** Layouts that one user can have. */
export const MAX_LAYOUTS = 100;

/** Dashboard layouts, each a user's own, as JSON that only the web app understands. */
export interface Layouts {
  get(userId: string, name: string): Promise<unknown | undefined>;
  /** Throws InvalidInput for an unknown user, or one with MAX_LAYOUTS layouts. */
  put(userId: string, name: string, layout: unknown): Promise<void>;
}

/** Layouts in the records' database. */
export class SqlLayouts implements Layouts {
  readonly #context: RecordsContext;

  constructor(context: RecordsContext) {
    this.#context = context;
  }

  async get(userId: string, name: string): Promise<unknown | undefined> {
    const row = await this.#context.db
      .selectFrom('layouts')
      .select('layout')
      .where('user_id', '=', userId)
      .where('name', '=', name)
      .executeTakeFirst();
    return row && JSON.parse(row.layout);
  }

  async put(userId: string, name: string, layout: unknown): Promise<void> {
    const columns = { layout: JSON.stringify(layout), updated_at: this.#context.now() };
    await this.#context.db.transaction().execute(async (transaction) => {
      await transaction
        .insertInto('layouts')
        .values({ user_id: userId, name, ...columns })
        .onConflict((conflict) => conflict.columns(['user_id', 'name']).doUpdateSet(columns))
        .execute()
        .catch((error: unknown) => {
          throw isDangling(error) ? new InvalidInput(`there is no user with the id "${userId}"`) : error;
        });
      const { count } = await transaction
        .selectFrom('layouts')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('user_id', '=', userId)
        .executeTakeFirstOrThrow();
      if (Number(count) > MAX_LAYOUTS) {
        throw new InvalidInput(
          `a user has at most ${MAX_LAYOUTS} layouts: write over one of them instead of "${name}"`,
        );
      }
    });
  }
}
