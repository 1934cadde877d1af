import { InvalidInput } from '../../domain/errors.ts';

/** Reports an invalid expression with the column of the error. */
export class ExpressionError extends InvalidInput {
  /** Starts at 1. */
  readonly column: number;
  /** Description of the error, without the column. */
  readonly detail: string;

  /** @param at position in the text, from 0 */
  constructor(at: number, detail: string) {
    const message = `column ${at + 1}: ${detail}`;
    super(message, { fields: [{ field: 'expression', detail: message }] });
    this.column = at + 1;
    this.detail = detail;
  }
}
