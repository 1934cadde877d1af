import { Command, type CommandUnknownOpts, Help, InvalidArgumentError } from '@commander-js/extra-typings';
import type { z } from 'zod';
import type { Invocation } from './invocation.ts';

/** Exit code of a command that finished with an incomplete result: rejected values, unreadable records, lost batches. */
export const INCOMPLETE = 3;

/** The output of a command: lines of text, or one JSON object with `--json`. */
export interface Result {
  readonly lines: readonly string[];
  readonly json: unknown;
  /** Exit code; default: 0. */
  readonly code?: number;
}

/** Runs a command's work and prints its result. Null: the work has already printed it. */
export type Runner = (
  command: CommandUnknownOpts,
  work: (invocation: Invocation) => Promise<Result | null>,
) => Promise<void>;

/** A command: its arguments, its help, and its work. */
export type CommandDefinition = (run: Runner) => CommandUnknownOpts;

/** Line width of the `--help` output. */
export const HELP_COLUMNS = 120;

/** Creates a command with the options that all commands share. */
export function newCommand(name: string) {
  return new Command(name)
    .exitOverride()
    .configureOutput({ writeOut: (text) => console.log(text.trimEnd()), writeErr: () => {} })
    .configureHelp({
      helpWidth: HELP_COLUMNS,
      showGlobalOptions: true,
      visibleGlobalOptions: ({ parent }) => [...(parent?.parent ? parent.options : [])],
      optionDescription: (option) => Help.prototype.optionDescription(option) + (option.mandatory ? ' (required)' : ''),
    })
    .helpCommand(false)
    .helpOption('-h, --help', 'show this text')
    .addHelpText('after', ({ command }) => optionsOfActions(command))
    .option('--config <file>', 'configuration to read instead of wattkeeper.yaml')
    .option('--json', 'print one JSON object on the last line: the result, or {"error": {"code", "message"}}');
}

/** Creates a command that uses a running service. @param scopes the token scopes that it requires */
export function serviceCommand(name: string, scopes: string) {
  return newCommand(name)
    .option('--url <url>', 'address of the service; default: the one that runs on this machine')
    .option(
      '--token <token>',
      `API token with ${scopes}, for a service that another user runs; better in WATTKEEPER_TOKEN, which other users cannot see`,
    );
}

/** Returns a parser that validates an argument with a schema of the contract. */
export function by<T>(schema: z.ZodType<T>): (text: string) => T {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    throw new InvalidArgumentError(parsed.error.issues.map(sentenceOf).join(' '));
  };
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('must ')) return `It ${issue.message}.`;
  return issue.code === 'invalid_value' ? `It must be one of ${issue.values.join(', ')}.` : `${issue.message}.`;
}

/** Collects the values of an option that may be repeated. */
export function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** The options of all subcommands, so that the help of a command is complete. */
function optionsOfActions({ commands }: CommandUnknownOpts): string {
  return commands
    .map((action) => ({ action, help: action.createHelp() }))
    .filter(({ action }) => action.options.length > 0)
    .map(({ action, help }) => {
      const width = Math.max(...action.options.map((option) => help.optionTerm(option).length));
      const items = action.options.map((option) =>
        help.formatItem(help.optionTerm(option), width, help.optionDescription(option), help),
      );
      return `\nOptions of ${action.name()}:\n${items.join('\n')}`;
    })
    .join('\n');
}
