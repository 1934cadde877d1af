/**
 * Marks a schema whose values are never shown: `z.string().meta(SECRET)`. Messages, logs, the audit log and the configuration
 * in backups omit them; the mark is the only list of secrets.
 */
export const SECRET = { secret: true } as const;

/** Marks an address that may contain a user and a password; it is shown without them. Texts of the format `uri` need no mark. */
export const ADDRESS = { secret: 'address' } as const;
