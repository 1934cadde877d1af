export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's environment: read here and nowhere else, so that what a setting is called has one place. */
export const ENVIRONMENT: Environment = process.env;
