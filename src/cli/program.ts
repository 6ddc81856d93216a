/** The command line: its commands, flags and help. What a command needs is loaded when it runs, not for the help. */
import { Argument, Command, CommanderError, Option } from 'commander';
import type { Mode } from '../core/report.js';
import { VERSION } from '../host/version.js';
import { forLog } from '../render/escape.js';
import { completionScript, SHELLS } from './completion.js';
import type { CompletedCommand, Shell } from './completion.js';
import { EXIT } from './exit-codes.js';
import { EXIT_CODES, examples, modeHelp, PURPOSE } from './help.js';
import { inputOptions, rawInputs } from './options.js';
import { OUTPUT_FORMS } from './output-forms.js';
import type { OutputForm } from './output-forms.js';
import type { Parts } from './parts.js';
import { places, scenarioNames } from './places.js';
import { Lines } from './terminal.js';
import type { Terminal } from './terminal.js';

const MODES: readonly Mode[] = ['connect', 'check', 'plan', 'disconnect'];

const TRY_IT = '\nTry it without Azure:\n  aks-acr-pull demo\n';

/** Commands of other versions, so that they are refused by name. */
const LATER_COMMANDS = ['audit', 'explain'];

/**
 * Runs the command line. Never throws for what a user can do wrong.
 *
 * @param args without the program's name
 * @param here folder of the running module, to find what lies beside it
 * @param parts what is loaded when a command needs it
 * @returns the exit code
 */
export async function runCommandLine(
  args: readonly string[],
  here: string,
  terminal: Terminal,
  parts: Parts,
): Promise<number> {
  let exitCode: number = EXIT.passed;
  const program = build(here, terminal, parts, (code) => {
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

function build(here: string, terminal: Terminal, parts: Parts, finish: (exitCode: number) => void): Command {
  const program = new Command('aks-acr-pull')
    .description(
      'Makes an AKS cluster able to pull from an Azure Container Registry with no stored credential, and proves it on its own nodes.',
    )
    .version(VERSION, '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand(false)
    .addHelpText('after', `${parts.simulation === undefined ? '' : TRY_IT}\n${EXIT_CODES}`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      // What was typed may hold anything.
      outputError: (text, write) => write(`${text.trimEnd().split('\n').map(forLog).join('\n')}\n`),
    })
    .showHelpAfterError('(--help tells what there is)');
  for (const mode of MODES) addPreflight(program, mode, terminal, parts, finish);
  if (parts.simulation !== undefined) addSimulation(program, here, terminal, parts.simulation, finish);
  program
    .command('completion')
    .description('Prints the script that lets a shell complete this command.')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      examples('source <(aks-acr-pull completion bash)', 'aks-acr-pull completion fish | source'),
    )
    .action((shell: Shell) => {
      terminal.stdout.write(
        completionScript(shell, program.name(), completed(program, scenarioNames(places(here).scenarios))),
      );
    });

  const there = program.commands.map((command) => command.name());
  const refuseByName = (name: string, why: string): void => {
    program
      .command(name, { hidden: true })
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        const errors = new Lines(terminal.stderr, terminal.environment);
        errors.story(`✗ ${name} is not in ${why}; it has ${there.join(', ')}`);
        finish(EXIT.unusable);
      });
  };
  for (const name of LATER_COMMANDS) refuseByName(name, `this version (${VERSION})`);
  if (parts.simulation === undefined)
    for (const name of ['demo', 'simulate'])
      refuseByName(name, `the version that is one file (npx aks-acr-pull ${name} runs it)`);
  return program;
}

/** The commands that need no Azure. */
function addSimulation(
  program: Command,
  here: string,
  terminal: Terminal,
  simulation: NonNullable<Parts['simulation']>,
  finish: (exitCode: number) => void,
): void {
  const beside = places(here);
  const names = scenarioNames(beside.scenarios);
  program
    .command('demo')
    .description(
      'Runs the shipped action against a simulated Azure, as a GitHub runner would, and checks by its count that what was claimed happened.',
    )
    .addOption(
      new Option('--scenario <name>', `Built-in scenario or a YAML file: ${names.join(', ')}.`).default(
        'first-run',
      ),
    )
    .addOption(
      new Option(
        '--bundle <path>',
        "Another bundle than the shipped one, for the demo's own tests.",
      ).hideHelp(),
    )
    .addHelpText('after', examples('aks-acr-pull demo', 'aks-acr-pull demo --scenario no-rights'))
    .action(async ({ scenario, bundle }: { scenario: string; bundle?: string }) => {
      const { demoCommand } = await simulation.demo();
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
    .addArgument(new Argument('<scenario>', `built-in scenario or a YAML file: ${names.join(', ')}`))
    .addHelpText(
      'after',
      examples('aks-acr-pull simulate first-run', 'aks-acr-pull simulate ./my-cloud.yaml'),
    )
    .action(async (scenario: string) => {
      const { simulateCommand } = await simulation.simulate();
      finish(await simulateCommand(scenario, beside.scenarios, terminal));
    });
}

function addPreflight(
  program: Command,
  mode: Mode,
  terminal: Terminal,
  parts: Parts,
  finish: (exitCode: number) => void,
): void {
  const flags = inputOptions(mode);
  const command = program.command(mode).description(PURPOSE[mode]);
  for (const { option } of flags) command.addOption(option);
  command
    .addOption(
      new Option(
        '-o, --output <form>',
        'text; json: the report; markdown: the summary page. With these two the story goes to standard error.',
      )
        .choices(OUTPUT_FORMS)
        .default('text'),
    )
    .addOption(new Option('--debug', 'Tell more on standard error, such as what is tried again.'))
    .addHelpText('after', modeHelp(mode))
    .action(async (values: Record<string, unknown> & { output: OutputForm; debug?: true }) => {
      const { preflightCommand } = await parts.preflight();
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

/** The commands as they are declared above, for completion. */
function completed(program: Command, scenarios: readonly string[]): CompletedCommand[] {
  const helper = program.createHelp();
  const known = new Map(
    MODES.flatMap((mode) => inputOptions(mode).map(({ option, values }) => [option.long, values])),
  );
  return helper.visibleCommands(program).map((command) => ({
    name: command.name(),
    description: command.description(),
    flags: helper.visibleOptions(command).flatMap(({ long, short, description, required, argChoices }) =>
      typeof long !== 'string' || long === '--help'
        ? []
        : [
            {
              long,
              ...(typeof short === 'string' ? { short } : {}),
              description,
              takesValue: required,
              values: argChoices ?? (long === '--scenario' ? scenarios : (known.get(long) ?? [])),
            },
          ],
    ),
    words: command.registeredArguments.flatMap(
      ({ argChoices }) => argChoices ?? (command.name() === 'simulate' ? scenarios : []),
    ),
  }));
}
