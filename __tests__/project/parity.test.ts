/**
 * The inputs and outputs are declared once, in src/core/inputs.ts. Whatever else names them is held against that here:
 * action.yml, task.json, the README's tables, and the command line's flags as its help shows them. That a difference is
 * seen is shown by making one, in a copy, of every kind and in every place.
 */
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { inTaskWords } from '../../src/azure-pipelines/inputs.js';
import { ALL_PARTS } from '../../src/cli/parts.js';
import { runCommandLine } from '../../src/cli/program.js';
import { belongsTo, INPUTS, OUTPUTS, taskName } from '../../src/core/inputs.js';
import type { Host, InputDeclaration } from '../../src/core/inputs.js';
import { InputErrors, readRequest } from '../../src/core/request.js';
import { keepingTerminal } from '../cli/terminals.js';
import { ROOT, read } from './root.js';

interface Entry {
  name: string;
  description: string;
  default?: string | undefined;
  required?: boolean | undefined;
}

/** What one place says, in its order. */
interface Declared {
  inputs: Entry[];
  outputs: Entry[];
}

type Field = 'description' | 'default' | 'required';

/** Lines that tell how a place differs from the declaration; in a place that doesn't hold a field, it can't differ. */
function differences(declared: Declared, found: Declared, fields: readonly Field[]): string[] {
  return (['inputs', 'outputs'] as const).flatMap((kind) => {
    const names = (entries: readonly Entry[]): string => entries.map(({ name }) => name).join(' ');
    const order =
      names(declared[kind]) === names(found[kind])
        ? []
        : [`${kind}: ${names(found[kind])} instead of ${names(declared[kind])}`];
    const fieldwise = found[kind].flatMap((entry) => {
      const wanted = declared[kind].find(({ name }) => name === entry.name);
      return fields.flatMap((field) => {
        const [is, should] = [entry[field], wanted?.[field]].map((value) => JSON.stringify(value));
        return wanted === undefined || is === should
          ? []
          : [`${kind} ${entry.name}: ${field} ${is ?? 'none'} instead of ${should ?? 'none'}`];
      });
    });
    return [...order, ...fieldwise];
  });
}

const asItIs = (text: string): string => text;

/** @param named a name as the place has it; @param words a text that may name inputs */
function declaredFor(host: Host, named = asItIs, words = asItIs): Declared {
  return {
    inputs: INPUTS.filter((input) => belongsTo(input, host)).map((input: InputDeclaration) => ({
      name: named(input.name),
      description: words(input.description),
      default: input.default,
      required: input.required === true,
    })),
    outputs: OUTPUTS.map(({ name, description }) => ({ name: named(name), description: words(description) })),
  };
}

interface Place {
  /** Parsed, so that a copy can be changed. */
  source: () => unknown;
  declared: Declared;
  found: (source: unknown) => Declared;
  fields: readonly Field[];
  /** Changes that must be seen, each to a copy of the source. */
  mutations: Record<string, (source: never) => void>;
}

interface ActionFile {
  inputs: Record<string, { description: string; required?: boolean; default?: string }>;
  outputs: Record<string, { description: string }>;
}

function renamed<T>(record: Record<string, T>, from: string, to: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key === from ? to : key, value]));
}

const ACTION: Place = {
  source: () => parse(read('action.yml')) as unknown,
  declared: declaredFor('github'),
  fields: ['description', 'default', 'required'],
  found(source) {
    const { inputs, outputs } = source as ActionFile;
    return {
      inputs: Object.entries(inputs).map(([name, input]) => ({
        name,
        description: input.description,
        default: input.default,
        required: input.required,
      })),
      outputs: Object.entries(outputs).map(([name, { description }]) => ({ name, description })),
    };
  },
  mutations: {
    name: (file: ActionFile) => (file.inputs = renamed(file.inputs, 'registry', 'registries')),
    default: (file: ActionFile) => (file.inputs.timeout!.default = '16m'),
    'missing default': (file: ActionFile) => delete file.inputs.mode!.default,
    description: (file: ActionFile) => (file.inputs.image!.description += ' '),
    required: (file: ActionFile) => (file.inputs.registry!.required = false),
    'missing input': (file: ActionFile) => delete file.inputs.redact,
    'extra input': (file: ActionFile) => (file.inputs.extra = { description: 'x', required: false }),
    'output name': (file: ActionFile) => (file.outputs = renamed(file.outputs, 'digest', 'image-digest')),
    'output description': (file: ActionFile) => (file.outputs.changed!.description = 'true.'),
    'missing output': (file: ActionFile) => delete file.outputs.plan,
  },
};

interface TaskFile {
  inputs: {
    name: string;
    helpMarkDown: string;
    defaultValue?: string;
    required: boolean;
    options?: Record<string, string>;
  }[];
  outputVariables: { name: string; description: string }[];
}
const taskInput = (file: TaskFile, name: string): TaskFile['inputs'][number] =>
  file.inputs.find((input) => input.name === name)!;

const TASK: Place = {
  source: () => JSON.parse(read('task.json')) as unknown,
  declared: declaredFor('azure-pipelines', taskName, inTaskWords),
  fields: ['description', 'default', 'required'],
  found(source) {
    const { inputs, outputVariables } = source as TaskFile;
    return {
      inputs: inputs.map(({ name, helpMarkDown, defaultValue, required }) => ({
        name,
        description: helpMarkDown,
        default: defaultValue,
        required,
      })),
      outputs: outputVariables,
    };
  },
  mutations: {
    name: (file: TaskFile) => (taskInput(file, 'resourceGroup').name = 'resource-group'),
    default: (file: TaskFile) => (taskInput(file, 'verify').defaultValue = 'access'),
    description: (file: TaskFile) => (taskInput(file, 'cluster').helpMarkDown = 'AKS cluster.'),
    required: (file: TaskFile) => (taskInput(file, 'registry').required = false),
    order: (file: TaskFile) => file.inputs.reverse(),
    'output name': (file: TaskFile) => (file.outputVariables[0]!.name = 'Result'),
    'output description': (file: TaskFile) => (file.outputVariables[1]!.description = ''),
    'missing output': (file: TaskFile) => file.outputVariables.pop(),
  },
};

/** Rows of a table between two marks, each as its cells. */
type Tables = Record<'inputs' | 'outputs', string[][]>;

function readmeTables(): Tables {
  const rows = (mark: string): string[][] => {
    const text =
      new RegExp(`<!-- ${mark}:begin -->([^]*?)<!-- ${mark}:end -->`).exec(read('README.md'))?.[1] ?? '';
    return text
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .slice(2)
      .map((line) =>
        line
          .split(/(?<!\\)\|/)
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll('\\|', '|')),
      );
  };
  return { inputs: rows('inputs'), outputs: rows('outputs') };
}
const code = (cell = ''): string => /^`(.*)`$/.exec(cell)?.[1] ?? '';
const row = (tables: Tables, name: string): string[] =>
  [...tables.inputs, ...tables.outputs].find(([cell]) => code(cell) === name)!;

const README: Place = {
  source: readmeTables,
  declared: declaredFor('github'),
  fields: ['description', 'default', 'required'],
  found(source) {
    const { inputs, outputs } = source as Tables;
    return {
      inputs: inputs.map(([name, description = '', preset]) => ({
        name: code(name),
        description,
        required: preset === 'required',
        default: preset === '' || preset === 'required' ? undefined : code(preset),
      })),
      outputs: outputs.map(([name, description = '']) => ({ name: code(name), description })),
    };
  },
  mutations: {
    name: (tables: Tables) => (row(tables, 'image')[0] = '`images`'),
    default: (tables: Tables) => (row(tables, 'namespace')[2] = '`kube-system`'),
    description: (tables: Tables) => (row(tables, 'fail-on')[1] = 'fail or warn'),
    required: (tables: Tables) => (row(tables, 'registry')[2] = ''),
    'missing input': (tables: Tables) => tables.inputs.pop(),
    'output name': (tables: Tables) => (row(tables, 'verified')[0] = '`proved`'),
    'output description': (tables: Tables) => (row(tables, 'report')[1] = 'Path.'),
    'missing output': (tables: Tables) => tables.outputs.shift(),
  },
};

/** The help of a mode, each flag on one line: its long name → all that is said of it. */
type Help = Record<string, string>;

async function helpOf(mode: string): Promise<Help> {
  const terminal = keepingTerminal({});
  await runCommandLine([mode, '--help'], ROOT, terminal, ALL_PARTS);
  const options = /\nOptions:\n([^]*?)\n\n/.exec(terminal.out())?.[1] ?? '';
  return Object.fromEntries(
    options
      .replace(/\n {20,}/g, ' ')
      .split('\n')
      .map((line) => /^ {2}(?:-\w, )?--([\w-]+)(?: <\w+>)? +(.*)$/.exec(line))
      .map((found) => [found?.[1] ?? '', found?.[2] ?? '']),
  );
}

/** Flags that are no inputs. */
const OWN_FLAGS = ['output', 'debug', 'help'];

/** The command line's own rules on top of the declaration: `--subscription`, repeated flags, flags without a value. */
function flagsOf(mode: string): Entry[] {
  return INPUTS.filter((input) => belongsTo(input, 'cli')).flatMap((input: InputDeclaration) => {
    if (input.modes !== undefined && !(input.modes as readonly string[]).includes(mode)) return [];
    return [
      {
        name: /--([\w-]+)/.exec(input.flag ?? '')?.[1] ?? input.name,
        description: input.flagOnly
          ? input.description.replace(': true or false', '')
          : `${input.description.replace(/[,;] (several, )?one per line/, '')}${input.list === true ? ' May be given several times.' : ''}`,
        default: input.flagOnly ? undefined : input.default,
      },
    ];
  });
}

const MODES = ['connect', 'check', 'plan', 'disconnect'];
const HELP: Readonly<Record<string, Help>> = Object.fromEntries(
  await Promise.all(MODES.map(async (mode) => [mode, await helpOf(mode)] as const)),
);

const commandLine = (mode: string): Place => ({
  source: () => HELP[mode],
  declared: { inputs: flagsOf(mode), outputs: [] },
  fields: ['description', 'default'],
  found: (source) => ({
    inputs: Object.entries(source as Help)
      .filter(([name]) => !OWN_FLAGS.includes(name))
      .map(([name, text]) => {
        const preset = / Default: (\S+)\.$/.exec(text);
        const known =
          preset !== null && INPUTS.some((input) => 'default' in input && input.default === preset[1]);
        return {
          name,
          description: known ? text.slice(0, preset.index) : text,
          default: known ? preset[1] : undefined,
        };
      }),
    outputs: [],
  }),
  mutations: {
    name: (help: Help) => {
      help['login-server'] = help.registry ?? '';
      delete help.registry;
    },
    default: (help: Help) => (help.timeout = help.timeout!.replace('15m.', '10m.')),
    description: (help: Help) => (help.cluster = 'A cluster.'),
    'extra flag': (help: Help) => (help.extra = ''),
    'missing flag': (help: Help) => delete help.environment,
  },
});

const PLACES: Record<string, Place> = {
  'action.yml': ACTION,
  'task.json': TASK,
  "the README's tables": README,
  ...Object.fromEntries(MODES.map((mode) => [`the flags of ${mode}`, commandLine(mode)])),
};

describe.each(Object.entries(PLACES))('%s', (_name, { source, declared, found, fields, mutations }) => {
  it('says what is declared', () => {
    expect(differences(declared, found(source()), fields)).toEqual([]);
  });

  it.each(Object.entries(mutations))('is seen to differ: %s', (_what, mutate) => {
    const copy = structuredClone(source());
    mutate(copy as never);
    expect(differences(declared, found(copy), fields)).not.toEqual(
      differences(declared, found(source()), fields),
    );
  });
});

it('the values of a pick list are the declared ones', () => {
  const { inputs } = TASK.source() as TaskFile;
  for (const { name, options } of inputs) {
    if (options === undefined) continue;
    const declared: InputDeclaration | undefined = INPUTS.find((input) => taskName(input.name) === name);
    expect({ name, values: Object.keys(options) }).toEqual({ name, values: declared?.values });
  }
});

describe('the values that are declared', () => {
  const valued = INPUTS.filter((input) => 'values' in input);
  const least = { cluster: 'shop', 'resource-group': 'apps', registry: 'contoso.azurecr.io' };
  it.each(valued)('of $name are those that a request takes', ({ name, values }) => {
    const wantedOf = (value: string): string[] => {
      try {
        readRequest({ ...least, [name]: value });
      } catch (error) {
        if (!(error instanceof InputErrors)) throw error;
        return error.problems.filter(({ input }) => input === name).map(({ wanted }) => wanted);
      }
      return [];
    };
    for (const value of values) expect(wantedOf(value)).toEqual([]);
    expect(wantedOf('something else')).toEqual([`one of ${values.join(', ')}`]);
  });
});
