/** The command line: its commands, flags and help. What a command needs is loaded when it runs, not for the help. */
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { InputName } from '../core/inputs.js';
import type { Mode } from '../core/report.js';
import { VERSION } from '../host/version.js';
import { forLog } from '../render/escape.js';
import { completionScript, SHELLS as COMPLETED_SHELLS } from './completion.js';
import type { CompletedCommand, Shell } from './completion.js';
import { EXIT } from './exit-codes.js';
import { EXIT_CODES, examples, modeHelp, PURPOSE } from './help.js';
import { inputOptions, rawInputs } from './options.js';
import { OUTPUT_FORMS, SIMULATE_OUTPUTS } from './output-forms.js';
import type { OutputForm } from './output-forms.js';
import type { Parts } from './parts.js';
import { places, scenarioNames } from './places.js';
import { SHELLS } from './simulate/shell-names.js';

import type { SimulateOptions } from './simulate.js';
import { Lines } from './terminal.js';
import type { Terminal } from './terminal.js';

const MODES: readonly Mode[] = ['connect', 'check', 'plan', 'disconnect', 'audit'];

const TRY_IT = '\nTry it without Azure:\n  aks-acr-pull demo\n';

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
  addExplain(program, terminal, parts, finish);
  if (parts.simulation !== undefined) addSimulation(program, here, terminal, parts.simulation, finish);
  program
    .command('completion')
    .description('Prints the script that lets a shell complete this command.')
    .addArgument(new Argument('<shell>').choices(COMPLETED_SHELLS))
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
  if (parts.simulation === undefined)
    for (const name of ['demo', 'simulate'])
      refuseByName(
        name,
        `the version that is one file (a checkout and the npm package of a release have ${name})`,
      );
  return program;
}

type SimulateFlags = Pick<SimulateOptions, 'output' | 'port' | 'shell' | 'variablesFile'> & {
  check?: true;
  quiet?: true;
};

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('It must be a number from 1 to 65535.');
  return port;
}

/** What a message means. */
function addExplain(
  program: Command,
  terminal: Terminal,
  parts: Parts,
  finish: (exitCode: number) => void,
): void {
  const command = program
    .command('explain')
    .description(
      'Tells what a message about a pull means: an event, a status, check-acr, a registry, Azure or Entra. Calls nothing, unless --cluster or --registry is given: then Azure is asked what it knows of them.',
    )
    .addArgument(new Argument('[message]', 'The message. Default: what comes from standard input.'))
    .addOption(
      new Option(
        '-f, --file <path>',
        'Read it from a file, or - for standard input: text, pods or events as JSON, or what kubectl describe prints.',
      ),
    )
    .addOption(new Option('-o, --output <form>', 'How it is told.').choices(OUTPUT_FORMS).default('text'))
    .addHelpText(
      'after',
      `${examples(
        'aks-acr-pull explain \'Failed to pull image "contoso.azurecr.io/app:1": …: 401 Unauthorized\'',
        'kubectl describe pod shop-7c9 | aks-acr-pull explain',
        'kubectl get events -o json | aks-acr-pull explain -o json',
        'kubectl get pods -o json | aks-acr-pull explain --cluster shop -g shop-rg --registry contoso.azurecr.io',
      )}\n\nExit codes: 0 the cause is determined, 2 nothing to explain, 3 undetermined.`,
    );
  const flags = inputOptions('check').filter(({ input }) => FACTS_OF.has(input));
  for (const { option } of flags) command.addOption(option);
  command.action(
    async (
      message: string | undefined,
      values: Record<string, unknown> & { file?: string; output: OutputForm },
    ) => {
      const raw = rawInputs(flags, values);
      const { explainCommand } = await parts.explain();
      const asked = raw.cluster !== undefined || raw.registry !== undefined;
      const { knownFromAzure } = asked ? await parts.known() : {};
      finish(
        await explainCommand(
          {
            output: values.output,
            ...(message === undefined ? {} : { message }),
            ...(values.file === undefined ? {} : { file: values.file }),
            ...(knownFromAzure === undefined
              ? {}
              : { readKnown: (text, errors) => knownFromAzure(raw, text, terminal, errors) }),
          },
          terminal,
        ),
      );
    },
  );
}

/** What explain asks Azure with. */
const FACTS_OF: ReadonlySet<InputName> = new Set<InputName>([
  'cluster',
  'resource-group',
  'registry',
  'subscription-id',
  'kubelet-object-id',
  'environment',
]);

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
    .addOption(
      new Option('--check', 'Only tell what is wrong with the scenario, each with its line; start nothing.'),
    )
    .addOption(
      new Option('--port <number>', 'Port of the proxy on 127.0.0.1. Default: any that is free.').argParser(
        portNumber,
      ),
    )
    .addOption(
      new Option(
        '--shell <name>',
        'What the printed variables are pasted into. Default: powershell on Windows, else bash.',
      ).choices(SHELLS),
    )
    .addOption(
      new Option(
        '--variables-file <path>',
        'Once it serves, also append NAME=value lines to this file, such as $GITHUB_ENV.',
      ),
    )
    .addOption(
      new Option('-o, --output <form>', 'text; json: one object a line, the first tells all.')
        .choices(SIMULATE_OUTPUTS)
        .default('text'),
    )
    .addOption(new Option('-q, --quiet', 'Show no requests.'))
    .addHelpText(
      'after',
      examples(
        'aks-acr-pull simulate first-run',
        'aks-acr-pull simulate ./my-cloud.yaml --check',
        'aks-acr-pull simulate first-run --port 8899 --shell powershell',
      ),
    )
    .action(async (scenario: string, flags: SimulateFlags) => {
      const { simulateCommand } = await simulation.simulate();
      const { check = false, quiet = false, ...more } = flags;
      finish(
        await simulateCommand({ scenario, scenarios: beside.scenarios, check, quiet, ...more }, terminal),
      );
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
