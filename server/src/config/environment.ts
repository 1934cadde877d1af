/** The process's environment: read here and nowhere else, so that what a setting is called has one place. */
export const ENVIRONMENT: Readonly<Record<string, string | undefined>> = process.env;
