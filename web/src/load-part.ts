/** A part of the app (its code or its style) could not be fetched: the server is down, or has a newer version of the app. */
export class PartUnavailable extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'PartUnavailable';
  }
}

/** Loads a part of the app that is fetched when it is first shown. Throws `PartUnavailable`, which `CrashPage` recovers from. */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new PartUnavailable(error);
  }
}
