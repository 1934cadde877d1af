/** A breach of a rule, at a place that an editor can open. */
export interface Violation {
  path: string;
  line: number;
  rule: string;
  message: string;
}

export function violation(path: string, line: number, rule: string, message: string): Violation {
  return { path, line, rule, message };
}

export function formatViolation({ path, line, rule, message }: Violation): string {
  return `${path}:${line} [${rule}] ${message}`;
}
