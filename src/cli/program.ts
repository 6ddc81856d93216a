/** The command line: its commands, flags and help. The simulator is loaded only for the commands that need it. */
import { Argument, Command, CommanderError, Option } from 'commander';
import type { Mode } from '../core/report.js';
import { VERSION } from '../host/version.js';
import { forLog } from '../render/escape.js';
import { EXIT } from './exit-codes.js';
import { inputOptions, rawInputs } from './options.js';
import { preflightCommand } from './preflight.js';
import type { OutputForm } from './preflight.js';
import { places, scenarioNames } from './places.js';
import { Lines } from './terminal.js';
import type { Terminal } from './terminal.js';

const PURPOSE: Readonly<Record<Mode, string>> = {
  connect:
    'Makes the grant that a cluster lacks to pull from a registry, and proves it by a real pull on every node pool.',
  check:
    'Tells whether clusters can pull from registries, by a real pull on every node pool. Changes nothing in Azure.',
};

const EXAMPLES: Readonly<Record<Mode, string>> = {
  connect: `
Examples:
  aks-acr-pull connect --cluster shop -g rg-shop --registry contoso.azurecr.io
  aks-acr-pull connect --cluster shop -g rg-shop --registry contoso.azurecr.io --image team/app:1.4 -o json`,
  check: `
Examples:
  aks-acr-pull check --cluster shop -g rg-shop --registry contoso.azurecr.io --image team/app:1.4
  aks-acr-pull check --cluster shop -g rg-shop --registry contoso --verify access
  aks-acr-pull check --cluster shop --cluster shop-eu -g rg-shop --registry contoso --node-pools system`,
};

const EXIT_CODES = `
Exit codes: 0 passed, 1 failed, 2 unusable input or refused, 3 unknown, 130 interrupted.`;

/** Commands of other versions, so that they are refused by name. */
const LATER_COMMANDS = ['plan', 'disconnect', 'audit', 'explain'];

/**
 * Runs the command line. Never throws for what a user can do wrong.
 *
 * @param args without the program's name
 * @param here folder of the running module, to find what lies beside it
 * @returns the exit code
 */
export async function runCommandLine(
  args: readonly string[],
  here: string,
  terminal: Terminal,
): Promise<number> {
  let exitCode: number = EXIT.passed;
  const program = build(here, terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.passed : EXIT.unusable;
  }
  return exitCode;
}

function build(here: string, terminal: Terminal, finish: (exitCode: number) => void): Command {
  const beside = places(here);
  const program = new Command('aks-acr-pull')
    .description(
      'Makes an AKS cluster able to pull from an Azure Container Registry with no stored credential, and proves it on its own nodes.',
    )
    .version(VERSION, '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Try it without Azure:
  aks-acr-pull demo
${EXIT_CODES}`,
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      // What was typed may hold anything.
      outputError: (text, write) => write(`${text.trimEnd().split('\n').map(forLog).join('\n')}\n`),
    })
    .showHelpAfterError('(--help tells what there is)');
  for (const mode of ['connect', 'check'] as const) addPreflight(program, mode, terminal, finish);

  const names = scenarioNames(beside.scenarios).join(', ');
  program
    .command('demo')
    .description(
      'Runs the shipped action against a simulated Azure, as a GitHub runner would, and checks by its count that what was claimed happened.',
    )
    .addOption(
      new Option('--scenario <name>', `Built-in scenario or a YAML file: ${names}.`).default('first-run'),
    )
    .addOption(
      new Option(
        '--bundle <path>',
        "Another bundle than the shipped one, for the demo's own tests.",
      ).hideHelp(),
    )
    .addHelpText('after', '\nExamples:\n  aks-acr-pull demo\n  aks-acr-pull demo --scenario no-rights')
    .action(async ({ scenario, bundle }: { scenario: string; bundle?: string }) => {
      const { demoCommand } = await import('./demo.js');
      finish(
        await demoCommand(
          { scenario, scenarios: beside.scenarios, bundle: bundle ?? beside.action },
          terminal,
        ),
      );
    });
  program
    .command('simulate')
    .description('Serves a simulated Azure under its real names until Ctrl-C, and shows every request.')
    .addArgument(new Argument('<scenario>', `built-in scenario or a YAML file: ${names}`))
    .addHelpText(
      'after',
      '\nExamples:\n  aks-acr-pull simulate first-run\n  aks-acr-pull simulate ./my-cloud.yaml',
    )
    .action(async (scenario: string) => {
      const { simulateCommand } = await import('./simulate.js');
      finish(await simulateCommand(scenario, beside.scenarios, terminal));
    });

  for (const name of LATER_COMMANDS) {
    program
      .command(name, { hidden: true })
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        new Lines(terminal.stderr, terminal.environment).story(
          `✗ ${name} is not in this version (${VERSION}); it has connect, check, demo and simulate`,
        );
        finish(EXIT.unusable);
      });
  }
  return program;
}

function addPreflight(
  program: Command,
  mode: Mode,
  terminal: Terminal,
  finish: (exitCode: number) => void,
): void {
  const flags = inputOptions();
  const command = program.command(mode).description(PURPOSE[mode]);
  for (const { option } of flags) command.addOption(option);
  command
    .addOption(
      new Option(
        '-o, --output <form>',
        'text, or json: the report on standard output, the story on standard error.',
      )
        .choices(['text', 'json'])
        .default('text'),
    )
    .addOption(new Option('--debug', 'Tell more on standard error, such as what is tried again.'))
    .addHelpText(
      'after',
      `
It signs in as the Azure CLI did: az login.
${EXAMPLES[mode]}
${EXIT_CODES}`,
    )
    .action(async (values: Record<string, unknown> & { output: OutputForm; debug?: true }) => {
      finish(
        await preflightCommand(
          mode,
          rawInputs(flags, values),
          values.output,
          values.debug === true,
          terminal,
        ),
      );
    });
}
