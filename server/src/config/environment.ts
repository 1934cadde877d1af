export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of the process. It is read only here, so that the names of settings are defined in one place. */
export const ENVIRONMENT: Environment = process.env;
