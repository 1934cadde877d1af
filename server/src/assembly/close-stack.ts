import { messageOf } from '../domain/errors.ts';

/** Closes parts in reverse order of opening. If one fails, the others are still closed. */
export class CloseStack {
  readonly #closers: (() => Promise<void>)[] = [];

  onClose(closer: () => Promise<void>): void {
    this.#closers.push(closer);
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const closer of this.#closers.splice(0).reverse())
      await closer().catch((error: unknown) => failures.push(error));
    if (failures.length > 0)
      throw new AggregateError(failures, `closing failed: ${failures.map(messageOf).join('; ')}`);
  }
}
