/** Exit code of a command that came to its end, but not with everything: values that are rejected, records that cannot be read, batches that are lost. */
export const INCOMPLETE = 3;

/** A command of the command line. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Runs with the arguments behind the command's name; answers the exit code. */
  run(argv: readonly string[]): Promise<number>;
}

/** Text that `--help` shows. */
export function commandList(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Wattkeeper keeps the energy history of a place, understands it, and helps to spend less.',
    '',
    'Usage: npm start -- [COMMAND] [OPTIONS]      (installed: wattkeeper [COMMAND] [OPTIONS])',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Every command takes --help, --config FILE and --json. Without --config, wattkeeper.yaml is read where there is one;',
    'WATTKEEPER_… variables stand over it (WATTKEEPER_HTTP__PORT=8002).',
  ].join('\n');
}
