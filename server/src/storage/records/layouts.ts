import { InvalidInput } from '../../domain/errors.ts';
import { isDangling } from './engine/constraint-errors.ts';
import type { RecordsContext, RecordsDatabase } from './schema.ts';

/** Maximum number of layouts per user. */
export const MAX_LAYOUTS = 100;

/** Dashboard layouts of each user, as JSON that only the web app interprets. */
export class Layouts {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  async get(userId: string, name: string): Promise<unknown | undefined> {
    const row = await this.#db
      .selectFrom('layouts')
      .select('layout')
      .where('user_id', '=', userId)
      .where('name', '=', name)
      .executeTakeFirst();
    return row && JSON.parse(row.layout);
  }

  /** Throws InvalidInput for an unknown user, or one with MAX_LAYOUTS layouts. */
  async put(userId: string, name: string, layout: unknown): Promise<void> {
    const columns = { layout: JSON.stringify(layout), updated_at: this.#now() };
    await this.#db.transaction().execute(async (transaction) => {
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
          `a user has at most ${MAX_LAYOUTS} layouts: overwrite one of them instead of adding "${name}"`,
        );
      }
    });
  }
}
