import { InvalidInput } from '../../domain/errors.ts';

/** An expression that cannot be used, with the place where that shows. */
export class ExpressionError extends InvalidInput {
  /** Counted from 1. */
  readonly column: number;
  /** What is wrong, without the column. */
  readonly detail: string;

  /** @param at where in the text, counted from 0 */
  constructor(at: number, detail: string) {
    const message = `column ${at + 1}: ${detail}`;
    super(message, { fields: [{ field: 'expression', detail: message }] });
    this.column = at + 1;
    this.detail = detail;
  }
}
