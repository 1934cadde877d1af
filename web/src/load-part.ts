/** A part of the app (code or style) could not be loaded: the server is down, or has a newer version of the app. */
export class PartUnavailable extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'PartUnavailable';
  }
}

/** Loads a part of the app on first use. Throws `PartUnavailable`, from which `CrashPage` recovers. */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new PartUnavailable(error);
  }
}
