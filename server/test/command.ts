import { vi } from 'vitest';
import { runCommandLine } from '../src/cli/command-line.ts';

export interface Outcome {
  readonly code: number;
  /** Lines on standard output. */
  readonly out: string;
  /** Lines on standard error. */
  readonly errors: string;
  /** The last line of standard output, which is one object with --json. */
  // biome-ignore lint/suspicious/noExplicitAny: output of a command, whose shape each test knows
  json(): any;
}

/** Runs a command in this process, because a new process takes a second to start. */
export async function runCommand(
  environment: Readonly<Record<string, string>>,
  ...argv: readonly string[]
): Promise<Outcome> {
  const [log, error] = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')];
  for (const spy of [log, error]) spy.mockImplementation(() => {});
  try {
    const code = await runCommandLine(argv, environment);
    const [out, errors] = [log, error].map((spy) => spy.mock.calls.map(([line]) => String(line)));
    return { code, out: out!.join('\n'), errors: errors!.join('\n'), json: () => JSON.parse(out!.at(-1) ?? '') };
  } finally {
    for (const spy of [log, error]) spy.mockRestore();
  }
}
