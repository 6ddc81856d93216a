/** Completion for shells: scripts made from the commands as they are declared, so that they can't tell anything else. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export interface CompletedFlag {
  /** `--cluster` */
  long: string;
  /** `-g` */
  short?: string;
  description: string;
  takesValue: boolean;
  /** All values, where they can be listed. */
  values: readonly string[];
}

export interface CompletedCommand {
  name: string;
  description: string;
  flags: readonly CompletedFlag[];
  /** What may follow the command without a flag, as far as it can be listed. */
  words: readonly string[];
}

/** Flags of the program itself. */
const OWN_FLAGS = ['--help', '--version'];

/** The script for a shell, for a program of this name. Where nothing is listed, the shell completes file names. */
export function completionScript(
  shell: Shell,
  program: string,
  commands: readonly CompletedCommand[],
): string {
  const scripts = { bash, zsh, fish } as const satisfies Record<Shell, unknown>;
  return `${scripts[shell](program, commands).join('\n')}\n`;
}

/** The first sentence, on one line: lists of candidates have no room for more. */
function brief(description: string): string {
  return /^(.*?[^.])(?:\. |\.?$)/s.exec(description.replace(/\s+/g, ' ').trim())?.[1] ?? '';
}

/** Text in a shell's single quotes; fish alone also reads a backslash there. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function spelled({ long, short }: CompletedFlag): string[] {
  return short === undefined ? [long] : [long, short];
}

function bash(program: string, commands: readonly CompletedCommand[]): string[] {
  const names = commands.map(({ name }) => name);
  const offer = (words: readonly string[]): string =>
    `COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$current"))`;
  const values = commands.flatMap(({ name, flags }) =>
    flags
      .filter(({ takesValue }) => takesValue)
      .flatMap((flag) => spelled(flag).map((spelling) => ({ spelling, name, values: flag.values }))),
  );
  return [
    `# Completion of ${program} for bash: source <(${program} completion bash)`,
    `_${ident(program)}() {`,
    '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case $word in ${names.join('|')}) command=$word; break ;; esac`,
    '  done',
    '  COMPREPLY=()',
    '  case "$command $previous" in',
    ...values.map(
      ({ spelling, name, values: known }) =>
        `    ${quoted(`${name} ${spelling}`)}) ${known.length === 0 ? '' : `${offer(known)}; `}return ;;`,
    ),
    '  esac',
    '  case $command in',
    `    '') ${offer([...names, ...OWN_FLAGS])} ;;`,
    ...commands.map(
      ({ name, flags, words }) =>
        `    ${name}) ${offer([...words, ...flags.map(({ long }) => long), '--help'])} ;;`,
    ),
    '  esac',
    '}',
    `complete -o default -F _${ident(program)} ${program}`,
  ];
}

function zsh(program: string, commands: readonly CompletedCommand[]): string[] {
  const inBrackets = (text: string): string => text.replace(/[[\]\\:]/g, (sign) => `\\${sign}`);
  const flagSpec = (flag: CompletedFlag, spelling: string): string =>
    quoted(
      `*${spelling}[${inBrackets(brief(flag.description))}]${
        flag.takesValue ? `:value:${flag.values.length === 0 ? '_files' : `(${flag.values.join(' ')})`}` : ''
      }`,
    );
  return [
    `#compdef ${program}`,
    `# Completion of ${program} for zsh: source <(${program} completion zsh)`,
    `_${ident(program)}() {`,
    '  local -a commands',
    '  commands=(',
    ...commands.map(({ name, description }) => `    ${quoted(`${name}:${inBrackets(brief(description))}`)}`),
    '  )',
    '  if (( CURRENT == 2 )); then _describe command commands; return; fi',
    '  local command=$words[2]',
    '  shift words; (( CURRENT-- ))',
    '  case $command in',
    ...commands.map(({ name, flags, words }) => {
      const specs = flags.flatMap((flag) => spelled(flag).map((spelling) => flagSpec(flag, spelling)));
      const rest = words.length === 0 ? '_files' : `(${words.join(' ')})`;
      return `    ${name}) _arguments ${[...specs, quoted(`*:word:${rest}`)].join(' ')} ;;`;
    }),
    '  esac',
    '}',
    `compdef _${ident(program)} ${program}`,
  ];
}

function fish(program: string, commands: readonly CompletedCommand[]): string[] {
  const word = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return [
    `# Completion of ${program} for fish: ${program} completion fish | source`,
    ...commands.map(
      ({ name, description }) =>
        `complete -c ${program} -f -n __fish_use_subcommand -a ${name} -d ${word(brief(description))}`,
    ),
    ...commands.flatMap(({ name, flags, words }) => {
      const within = `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`;
      return [
        ...(words.length === 0 ? [] : [`${within} -f -a ${word(words.join(' '))}`]),
        ...flags.map(({ long, short, description, takesValue, values }) =>
          [
            within,
            ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
            `-l ${long.slice(2)}`,
            ...(takesValue ? [values.length === 0 ? '-r' : `-x -a ${word(values.join(' '))}`] : []),
            `-d ${word(brief(description))}`,
          ].join(' '),
        ),
      ];
    }),
  ];
}

/** A program's name as part of a function's. */
function ident(program: string): string {
  return program.replace(/\W/g, '_');
}
