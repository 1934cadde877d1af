import { Password, Role, UserName } from '@wattkeeper/contract/access/auth.ts';
import type { z } from 'zod';
import { InvalidInput, NotFound } from '../../../domain/errors.ts';
import type { UserRecord } from '../../../storage/records/accounts/users.ts';
import type { RecordStore } from '../../../storage/records/record-store.ts';
import { hashPassword } from '../passwords.ts';

export interface NewUser {
  readonly username: string;
  /** null: the user can sign in only by link. */
  readonly password: string | null;
  readonly role: string;
}

/** Users and their roles. Every change is recorded in the audit log under the actor's name. */
export class UserAdministration {
  readonly #records: RecordStore;
  readonly #onRightsChanged: () => void;

  /** @param onRightsChanged called after a role changes, sessions end or a user is removed */
  constructor(records: RecordStore, onRightsChanged: () => void) {
    this.#records = records;
    this.#onRightsChanged = onRightsChanged;
  }

  list(): Promise<UserRecord[]> {
    return this.#records.users.list();
  }

  /** Finds a user by id or name. @throws NotFound */
  async require(idOrName: string): Promise<UserRecord> {
    const { users } = this.#records;
    const user = (await users.find(idOrName)) ?? (await users.findByName(idOrName));
    if (user === undefined) throw new NotFound(`there is no user with the id or name ${JSON.stringify(idOrName)}`);
    return user;
  }

  /** @throws InvalidInput, Conflict if the name is taken */
  async create(user: NewUser, actor: string): Promise<UserRecord> {
    const username = checked(UserName, 'username', user.username);
    const role = checked(Role, 'role', user.role);
    const passwordHash = user.password === null ? null : await hashPassword(checkedPassword(user.password));
    const created = await this.#records.users.create({ username, role, passwordHash });
    await this.#log(actor, 'user.create', username, `role ${role}`);
    return created;
  }

  /**
   * Sets a password; the user's other sessions end.
   *
   * @param keepSession hash of the session that continues, when users change their own password
   */
  async setPassword(id: string, password: string, actor: string, keepSession?: string): Promise<UserRecord> {
    const user = await this.#records.users.update(id, { passwordHash: await hashPassword(checkedPassword(password)) });
    await this.#records.signIns.removeOf(id, keepSession);
    this.#onRightsChanged();
    await this.#log(actor, 'user.set_password', user.username, null);
    return user;
  }

  /** @throws Conflict if the last administrator would lose that role */
  async setRole(id: string, role: string, actor: string): Promise<UserRecord> {
    const user = await this.#records.users.update(id, { role: checked(Role, 'role', role) });
    this.#onRightsChanged();
    await this.#log(actor, 'user.set_role', user.username, `role ${role}`);
    return user;
  }

  /** Removes a user and ends their sessions and tokens. @throws Conflict for the last administrator */
  async remove(id: string, actor: string): Promise<void> {
    const user = await this.require(id);
    await this.#records.users.remove(user.id);
    this.#onRightsChanged();
    await this.#log(actor, 'user.remove', user.username, null);
  }

  async #log(actor: string, action: string, target: string, detail: string | null): Promise<void> {
    await this.#records.auditLog.append({ actor, action, target, detail });
  }
}

function checkedPassword(password: string): string {
  if (Password.safeParse(password).success) return password;
  // The schema's own message could contain the password.
  const detail = 'must have 10 to 500 characters';
  throw new InvalidInput(`password ${detail}`, { fields: [{ field: 'password', detail }] });
}

function checked<T extends z.ZodType>(schema: T, field: string, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const detail = `${result.error.issues[0]?.message ?? 'is not valid'}; got ${JSON.stringify(value)}`;
  throw new InvalidInput(`${field}: ${detail}`, { fields: [{ field, detail }] });
}
