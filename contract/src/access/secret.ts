/**
 * Marks a schema whose values are shown to nobody: `z.string().meta(SECRET)`. Messages, logs, the audit log and the configuration
 * in backups leave them out; the mark is the only list of secrets.
 */
export const SECRET = { secret: true } as const;

/** Marks an address that may have a user and a password in it; it is shown without them. Texts of the format `uri` need no mark. */
export const ADDRESS = { secret: 'address' } as const;
