/**
 * The shape of every modelled kind: the one table from which bodies are read, patches merged and documents published.
 * Names and numbers of the fields: the struct tags of k8s.io/api (1.20.2 whole, later fields up to 1.36 added), by
 * kind in the files beside this one.
 *
 * A line is a message: `Name field=number:type ...`. A type is a scalar or another message; `?` before a scalar says
 * that Go tells "not there" from zero, `[]` makes a list, `{}` a map from strings, `&` puts the fields of the message
 * itself in its place in JSON. After a list, `(name)` says by which keys its items are merged, `(*)` that it is a set;
 * without, it is replaced as a whole. `!` is the patch strategy retainKeys. `any` is not looked into.
 */
import { ACCESS } from './access.js';
import { CORE } from './core.js';
import { META } from './meta.js';
import { PODS } from './pods.js';
import { WORKLOADS } from './workloads.js';

const SCALARS = [
  'string',
  'bool',
  'int',
  'long',
  'bytes',
  'time',
  'microtime',
  'quantity',
  'intOrString',
  'any',
] as const;

export type Scalar = (typeof SCALARS)[number];

export interface Field {
  name: string;
  /** In protobuf. */
  number: number;
  /** What it holds, or each item of it. */
  type: Scalar | Message;
  form: 'one' | 'list' | 'map';
  /** Keys by which a list's items are told apart; empty for a list that is replaced as a whole. */
  keys: readonly string[];
  /** A list of scalars without order and repetition. */
  set: boolean;
  retainKeys: boolean;
  /** Zero isn't the same as absent. */
  optional: boolean;
  /** The message's own fields stand in its place. */
  inline: boolean;
}

export interface Message {
  /** As in Go, such as `PodSpec`. */
  name: string;
  /** As protobuf has them. */
  own: readonly Field[];
  /** As JSON has them: those of inlined messages too. */
  fields: ReadonlyMap<string, Field>;
}

const FIELD =
  /^(?<name>\w+)=(?<number>\d+):(?<modifier>[?&]|\[\]|\{\})?(?<type>\w+)(?:\((?<keys>[\w,*]+)\))?(?<retain>!)?$/;

const MESSAGES = parse([META, CORE, PODS, WORKLOADS, ACCESS].join(''));

/** The message of a kind, such as `Pod`, or of a part of one. Throws for a name that isn't in the table. */
export function message(name: string): Message {
  const found = MESSAGES.get(name);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
}

/** Every message, by name. */
export function allMessages(): readonly Message[] {
  return [...MESSAGES.values()];
}

export function isMessage(type: Field['type']): type is Message {
  return typeof type !== 'string';
}

function parse(table: string): Map<string, Message> {
  const lines = table
    .replace(/\n {2}/g, ' ')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
  const messages = new Map<string, { name: string; own: Field[]; fields: Map<string, Field> }>(
    lines.map(([name = '']) => [name, { name, own: [], fields: new Map() }]),
  );
  const typeOf = (name: string): Field['type'] => {
    const scalar = SCALARS.find((one) => one === name);
    const found = scalar ?? messages.get(name);
    if (found === undefined) throw new Error(`no type ${name}`);
    return found;
  };
  for (const [name = '', ...fields] of lines)
    messages.get(name)?.own.push(...fields.map((text) => field(text, typeOf)));
  for (const one of messages.values())
    for (const inner of jsonFields(one.own)) one.fields.set(inner.name, inner);
  return messages;
}

function field(text: string, typeOf: (name: string) => Field['type']): Field {
  const { name = '', number, modifier, type = '', keys, retain } = FIELD.exec(text)?.groups ?? {};
  if (name === '') throw new Error(`not a field: ${text}`);
  return {
    name,
    number: Number(number),
    type: typeOf(type),
    form: modifier === '[]' ? 'list' : modifier === '{}' ? 'map' : 'one',
    keys: keys === undefined || keys === '*' ? [] : keys.split(','),
    set: keys === '*',
    retainKeys: retain !== undefined,
    optional: modifier === '?',
    inline: modifier === '&',
  };
}

function jsonFields(own: readonly Field[]): Field[] {
  return own.flatMap((one) => (one.inline && isMessage(one.type) ? jsonFields(one.type.own) : [one]));
}
