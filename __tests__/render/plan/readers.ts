/**
 * Reads the forms of a plan back into what they would write. Terraform by HashiCorp's own parser, ARM JSON by the simulated
 * Azure's expressions; shell lines and Bicep by small readers of the subset that plans are written in, which refuse all
 * else: neither a shell with an az nor a Bicep compiler is at hand.
 */
import { createRequire } from 'node:module';
import { evaluate } from '../../../src/simulator/arm/template-expressions.js';

/** By require: its type declarations would bring the browser's global names into every file of the project. */
const { parse: parseHcl } = createRequire(import.meta.url)('@cdktf/hcl2json') as {
  parse: (fileName: string, text: string) => Promise<Record<string, unknown>>;
};

/** One `PUT {scope}/providers/Microsoft.Authorization/roleAssignments/{name}`. */
export interface Written {
  scope: string;
  name: string;
  properties: Record<string, unknown>;
}

export interface Target {
  subscriptionId: string;
  resourceGroup: string;
}

const groupId = ({ subscriptionId, resourceGroup }: Target): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
const subscriptionOf = (id: string): string => id.split('/')[2] ?? '';
const roleId = (subscriptionId: string, guid: string): string =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;

/** What a command line of the Azure CLI prints, such as an id. */
export type Ask = (words: string[]) => Promise<string>;

/** The words of a line of a POSIX shell: quotes, backslashes, and commands in `"$(…)"`; any other expansion is refused. */
export async function shellWords(line: string, ask: Ask): Promise<string[]> {
  const words: string[] = [];
  let word: string | undefined;
  let left = line;
  const take = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(left);
    if (match === null) return undefined;
    left = left.slice(match[0].length);
    return match[1] ?? match[0];
  };
  while (left !== '') {
    if (take(/^[ \t]+/) !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    let part = take(/^'([^']*)'/) ?? take(/^\\([\s\S])/) ?? take(/^[A-Za-z0-9_@%+=:,./-]+/);
    if (part === undefined && left.startsWith('"$(')) {
      const end = left.indexOf(')"');
      if (end === -1) throw new Error(`no end of the sub-command in ${line}`);
      part = await ask(await shellWords(left.slice(3, end), ask));
      left = left.slice(end + 2);
    }
    part ??= take(/^"([^"\\$`]*)"/);
    if (part === undefined) throw new Error(`not read: ${left.slice(0, 40)}`);
    word = (word ?? '') + part;
  }
  return word === undefined ? words : [...words, word];
}

const LITERAL: Ask = (words) => Promise.reject(new Error(`a sub-command: ${words.join(' ')}`));

/** `az role assignment create …` → what it writes. */
export async function readAz(line: string, ask: Ask = LITERAL): Promise<Written> {
  const words = await shellWords(line, ask);
  if (words.slice(0, 4).join(' ') !== 'az role assignment create') throw new Error(`not modelled: ${line}`);
  const flags = new Map<string, string>();
  for (let index = 4; index < words.length; index += 2) flags.set(words[index] ?? '', words[index + 1] ?? '');
  const value = (flag: string): string | undefined => {
    const found = flags.get(`--${flag}`);
    flags.delete(`--${flag}`);
    return found;
  };
  const scope = value('scope') ?? '';
  const written = {
    scope,
    name: value('name') ?? '',
    properties: given({
      roleDefinitionId: roleId(subscriptionOf(scope), value('role') ?? ''),
      principalId: value('assignee-object-id'),
      principalType: value('assignee-principal-type'),
      description: value('description'),
      condition: value('condition'),
      conditionVersion: value('condition-version'),
    }),
  };
  if (flags.size > 0) throw new Error(`not modelled: ${[...flags.keys()].join(' ')}`);
  return written;
}

/** A script: comments, `set -eu`, and one command a line, which may go on over lines within quotes. */
export async function readScript(text: string): Promise<Written[]> {
  const commands = text.split(/\n(?=az |$)/).filter((part) => part.startsWith('az '));
  return Promise.all(commands.map((command) => readAz(command.trimEnd())));
}

export async function readTerraform(text: string): Promise<Written[]> {
  const parsed = (await parseHcl('grants.tf', text)) as {
    resource?: { azurerm_role_assignment?: Record<string, Record<string, unknown>[]> };
  };
  return Object.values(parsed.resource?.azurerm_role_assignment ?? {}).map(([resource = {}]) => {
    const value = (key: string): string | undefined => literal(resource[key]);
    if (resource.skip_service_principal_aad_check !== true) throw new Error('the directory would be asked');
    return {
      scope: value('scope') ?? '',
      name: value('name') ?? '',
      properties: given({
        roleDefinitionId: value('role_definition_id'),
        principalId: value('principal_id'),
        principalType: value('principal_type'),
        description: value('description'),
        condition: value('condition'),
        conditionVersion: value('condition_version'),
      }),
    };
  });
}

/** The parser leaves templates as they are: `$${` stands for `${`, and an unescaped one would be an expression. */
function literal(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const unescaped = value.replace(/([$%])\1\{/g, '');
  if (/[$%]\{/.test(unescaped)) throw new Error(`a template: ${value}`);
  return value.replace(/([$%])\1\{/g, '$1{');
}

export function readArmTemplate(text: string, target: Target): Written[] {
  const template = JSON.parse(text) as {
    resources: { name: string; scope: string; properties: Record<string, unknown> }[];
  };
  const over = { group: groupId(target), parameters: {}, variables: {} };
  return template.resources.map(({ name, scope, properties }) => ({
    scope: evaluate(scope, over) as string,
    name: evaluate(name, over) as string,
    properties: evaluate(properties, over) as Record<string, unknown>,
  }));
}

type BicepValue = string | { symbol: string } | { call: string; values: BicepValue[] } | BicepObject;
interface BicepObject {
  members: Record<string, BicepValue>;
}

/** Reads resources out of Bicep: `targetScope`, resources new and existing, objects, strings and calls. */
export function readBicep(text: string, target: Target): Written[] {
  const tokens = bicepTokens(text);
  let next = 0;
  const peek = (): string => tokens[next] ?? '';
  const take = (): string => {
    const token = tokens[next];
    if (token === undefined) throw new Error('the file ends too early');
    next += 1;
    return token;
  };
  const expect = (wanted: string): void => {
    const token = take();
    if (token !== wanted) throw new Error(`${token} where ${wanted} should be`);
  };
  const value = (): BicepValue => {
    if (peek() === '{') return object();
    const token = take();
    if (token.startsWith("'")) return bicepText(token);
    if (peek() !== '(') return { symbol: token };
    const values: BicepValue[] = [];
    expect('(');
    while (peek() !== ')') {
      values.push(value());
      if (peek() === ',') take();
    }
    expect(')');
    return { call: token, values };
  };
  const object = (): BicepObject => {
    const members: Record<string, BicepValue> = {};
    expect('{');
    while (peek() !== '}') {
      const key = take();
      expect(':');
      members[key] = value();
    }
    expect('}');
    return { members };
  };
  const registries = new Map<string, string>();
  const written: Written[] = [];
  const evaluated = (one: BicepValue | undefined): string => {
    if (typeof one === 'string') return one;
    if (one !== undefined && 'symbol' in one) {
      const id = registries.get(one.symbol);
      if (id !== undefined) return id;
    }
    if (one !== undefined && 'call' in one && one.call === 'subscriptionResourceId') {
      const [type, name] = one.values.map(evaluated);
      return `/subscriptions/${target.subscriptionId}/providers/${type ?? ''}/${name ?? ''}`;
    }
    throw new Error(`not modelled: ${JSON.stringify(one)}`);
  };
  while (next < tokens.length) {
    const word = take();
    if (word === 'targetScope') {
      expect('=');
      if (value() !== 'resourceGroup') throw new Error('another target scope');
      continue;
    }
    if (word !== 'resource') throw new Error(`not modelled: ${word}`);
    const symbol = take();
    const type = bicepText(take());
    const exists = peek() === 'existing';
    if (exists) take();
    expect('=');
    const { members } = object();
    if (exists) {
      const [provider = ''] = type.split('@');
      registries.set(symbol, `${groupId(target)}/providers/${provider}/${evaluated(members.name)}`);
      continue;
    }
    if (!/^Microsoft\.Authorization\/roleAssignments@\d{4}-\d{2}-\d{2}$/.test(type)) throw new Error(type);
    const properties = members.properties;
    if (typeof properties !== 'object' || !('members' in properties)) throw new Error('no properties');
    written.push({
      scope: evaluated(members.scope),
      name: evaluated(members.name),
      properties: Object.fromEntries(
        Object.entries(properties.members).map(([key, one]) => [key, evaluated(one)]),
      ),
    });
  }
  return written;
}

function bicepTokens(text: string): string[] {
  const token =
    /\s+|\/\/[^\n]*|('(?:[^'\\\n\r$]|\$(?!\{)|\\(?:[\\'nrt$]|u\{[0-9a-fA-F]{1,6}\}))*'|[A-Za-z_]\w*|[{}=:(),])/gy;
  const tokens: string[] = [];
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new Error(`not read: ${text.slice(at, at + 40)}`);
    if (match[1] !== undefined) tokens.push(match[1]);
  }
  return tokens;
}

function bicepText(token: string): string {
  const named: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
  return token
    .slice(1, -1)
    .replace(/\\(?:u\{([0-9a-fA-F]+)\}|(.))/g, (_all, hex: string | undefined, sign: string) =>
      hex === undefined ? (named[sign] ?? sign) : String.fromCodePoint(parseInt(hex, 16)),
    );
}

function given(properties: Record<string, string | undefined>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}
