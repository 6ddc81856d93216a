/**
 * Whether the situations of access would find a fault out: each of these, put into either evaluator, must be. A fault that
 * is found nowhere in the source any more is an error of this test, so it can't rot.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import type * as Access from '../../src/core/azure/access.js';
import type * as Rbac from '../../src/simulator/cloud/rbac.js';
import { loadScenario } from '../../src/simulator/cloud/scenario.js';
import type { CloudState } from '../../src/simulator/cloud/model.js';
import { OBJECT_ID, REGISTRY_ID, SUBSCRIPTION, world } from '../core/support.js';
import { listDenyAssignments, denialsAbout } from '../../src/core/azure/deny-assignments.js';
import { groupsIn, readAssignments } from '../../src/core/azure/access.js';
import { armOf, registryOf } from '../core/azure/situation-arm.js';
import { SITUATIONS } from '../core/azure/situations.js';
import type { Situation } from '../core/azure/situations.js';
import { accessScenario, identityOf, PULLED, registryIdOf, repositoriesOf } from './access-cloud.js';

const PROJECT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A fault: in this file, this text is replaced by that. */
interface Fault {
  name: string;
  file: string;
  from: string;
  to: string;
}

const CORE: Fault[] = [
  {
    name: 'notActions are overlooked',
    file: 'core/azure/permissions.ts',
    from: 'return names(permission, operation) && !excludes(permission, operation);',
    to: 'return names(permission, operation);',
  },
  {
    name: 'casing of actions counts',
    file: 'core/azure/permissions.ts',
    from: 'const text = operation.toLowerCase();',
    to: 'const text = operation;',
  },
  {
    name: 'metadata is not needed',
    file: 'core/azure/roles.ts',
    from: "AbacRepositoryPermissions: [{ kind: 'dataActions', needed: [CONTENT_READ, METADATA_READ] }],",
    to: "AbacRepositoryPermissions: [{ kind: 'dataActions', needed: [CONTENT_READ] }],",
  },
  {
    name: 'AcrPull counts in ABAC mode',
    file: 'core/azure/roles.ts',
    from: "AbacRepositoryPermissions: [{ kind: 'dataActions', needed: [CONTENT_READ, METADATA_READ] }],",
    to: "AbacRepositoryPermissions: [{ kind: 'actions', needed: [PULL] }],",
  },
  {
    name: 'a condition that is not known counts as met',
    file: 'core/azure/access.ts',
    from: "return both(given, expression === undefined ? 'unknown' : conditionTruth(expression, subject));",
    to: 'return both(given, expression === undefined ? true : conditionTruth(expression, subject));',
  },
  {
    name: 'conditions are overlooked',
    file: 'core/azure/access.ts',
    from: 'if (given === false || condition === undefined) return given;',
    to: 'return given;',
  },
  {
    name: 'deny assignments are overlooked',
    file: 'core/azure/access.ts',
    from: 'const allowed = both(whole, not(some(denials, ({ truth }) => truth)));',
    to: 'const allowed = whole;',
  },
  {
    name: 'groups that were not seen are taken for none',
    file: 'core/azure/access.ts',
    from: "given === false && !this.read.groupsSeen ? 'unknown' : given",
    to: 'given',
  },
  {
    name: 'the negation of what is unknown is true',
    file: 'core/azure/truth.ts',
    from: "return value === 'unknown' ? value : !value;",
    to: 'return value !== true;',
  },
  {
    name: 'AND is read as OR',
    file: 'core/azure/condition-truth.ts',
    from: 'return every(expression.of, truth);',
    to: 'return some(expression.of, truth);',
  },
  {
    name: 'IgnoreCase is overlooked',
    file: 'core/azure/condition-truth.ts',
    from: 'parts.ignoring === undefined ? text : text.toLowerCase()',
    to: 'text',
  },
  {
    name: 'casing never counts',
    file: 'core/azure/condition-truth.ts',
    from: 'parts.ignoring === undefined ? text : text.toLowerCase()',
    to: 'text.toLowerCase()',
  },
  {
    name: 'starts with is read as equals',
    file: 'core/azure/condition-truth.ts',
    from: 'text.startsWith(wanted);',
    to: 'text === wanted;',
  },
  {
    name: '@Resource is overlooked',
    file: 'core/azure/condition-truth.ts',
    from: "['request', 'resource']",
    to: "['request']",
  },
  {
    name: 'one repository stands for the whole registry',
    file: 'core/azure/repository-names.ts',
    from: '...further.flatMap(',
    to: '...further.slice(0, 0).flatMap(',
  },
];

/** Faults that leave every decision as it is, and name the wrong assignment for it. */
const CORE_DECIDING: Fault[] = [
  {
    name: 'the farthest assignment decides',
    file: 'core/azure/access.ts',
    from: 'other.rank < one.rank ? other : one',
    to: 'other.rank > one.rank ? other : one',
  },
  {
    name: 'whose the assignment is makes no difference',
    file: 'core/azure/access.ts',
    from: '(principalId === this.principalId.toLowerCase() ? 0 : 2)',
    to: '0',
  },
  {
    name: 'where it is made makes no difference',
    file: 'core/azure/access.ts',
    from: '(sameId(scope, this.registry.id) ? 0 : 4)',
    to: '0',
  },
  {
    name: 'halves decide where one alone is enough',
    file: 'core/azure/access.ts',
    from: 'return alone.length > 0 ? best(alone) : enough.flatMap(best);',
    to: 'return enough.flatMap(best);',
  },
];

const SIMULATOR: Fault[] = [
  {
    name: 'what a permission takes is overlooked',
    file: 'simulator/cloud/permission.ts',
    from: 'return given.some(covers) && !taken.some(covers);',
    to: 'return given.some(covers);',
  },
  {
    name: 'casing of actions counts',
    file: 'simulator/cloud/condition.ts',
    from: "known = new RegExp(`^${escaped}$`, 'i');",
    to: 'known = new RegExp(`^${escaped}$`);',
  },
  {
    name: 'conditions are overlooked',
    file: 'simulator/cloud/rbac.ts',
    from: 'if (condition === null) return true;',
    to: 'if (condition !== undefined) return true;',
  },
  {
    name: 'groups are overlooked',
    file: 'simulator/cloud/rbac.ts',
    from: 'new Set([principalId.toLowerCase(), ...groupsHolding(state, principalId)])',
    to: 'new Set([principalId.toLowerCase()])',
  },
  {
    name: 'deny assignments are overlooked',
    file: 'simulator/cloud/rbac.ts',
    from: 'if (deny === undefined) return',
    to: 'if (deny === undefined || deny !== undefined) return',
  },
  {
    name: 'whom a deny assignment excludes is overlooked',
    file: 'simulator/cloud/governance.ts',
    from: '!names(assignment.excludePrincipals) &&',
    to: '',
  },
  {
    name: 'AND is read as OR',
    file: 'simulator/cloud/condition.ts',
    from: "while (this.takeWord('AND')) met = this.single() && met;",
    to: "while (this.takeWord('AND')) met = this.single() || met;",
  },
  {
    name: 'negation is overlooked',
    file: 'simulator/cloud/condition.ts',
    from: "if (this.take('!')) return !this.single();",
    to: "if (this.take('!')) return this.single();",
  },
  {
    name: 'Not in an operator is overlooked',
    file: 'simulator/cloud/condition.ts',
    from: 'wanted.some((value) => compare(actual, value)) !== negated',
    to: 'wanted.some((value) => compare(actual, value))',
  },
  {
    name: 'an escaped star stands for anything',
    file: 'simulator/cloud/condition.ts',
    from: "if (piece === '*') return '[^]*';",
    to: "if (piece.endsWith('*')) return '[^]*';",
  },
  {
    name: 'starts with is read as equals',
    file: 'simulator/cloud/condition.ts',
    from: 'stringstartswithignorecase: (actual, wanted) => actual.toLowerCase().startsWith(wanted.toLowerCase()),',
    to: 'stringstartswithignorecase: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),',
  },
];

let folder: string;
const sources = new Map<string, string>();

/** Sources as JavaScript, as far as the evaluators reach: they load nothing but each other and what is installed. */
async function readSources(part: string): Promise<void> {
  const root = join(PROJECT, 'src', part);
  for (const entry of await readdir(root, { recursive: true })) {
    if (!entry.endsWith('.ts')) continue;
    sources.set(join(part, entry), await readFile(join(root, entry), 'utf8'));
  }
}

beforeAll(async () => {
  // Within the project, so that what is installed is found.
  await mkdir(join(PROJECT, '.tmp'), { recursive: true });
  folder = await mkdtemp(join(PROJECT, '.tmp', 'mutations-'));
  await readSources('core');
  await readSources('simulator');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const outputs = new Map<string, string>();
const compiled = (file: string, text: string): string => {
  const known = outputs.get(file);
  if (known !== undefined && text === sources.get(file)) return known;
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ES2022,
      verbatimModuleSyntax: true,
    },
  });
  if (text === sources.get(file)) outputs.set(file, outputText);
  return outputText;
};

/** Everything that a module reaches within the sources. */
function reached(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const text = sources.get(file);
  if (text === undefined) throw new Error(`there is no ${file}`);
  for (const [, to = ''] of compiled(file, text).matchAll(/(?:from|import) '(\.[^']+)\.js'/g))
    reached(relative('.', join(dirname(file), `${to}.ts`)), found);
  return found;
}

let copies = 0;

/** The module with a fault in it, or without any. */
async function loaded(entry: string, fault?: Fault): Promise<unknown> {
  const copy = join(folder, String(++copies));
  for (const file of reached(entry)) {
    let text = sources.get(file) ?? '';
    if (fault !== undefined && file === fault.file) {
      if (!text.includes(fault.from)) throw new Error(`${fault.name}: ${file} no longer holds ${fault.from}`);
      text = text.replace(fault.from, () => fault.to);
    }
    const path = join(copy, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, compiled(file, text));
  }
  return import(pathToFileURL(join(copy, entry.replace(/\.ts$/, '.js'))).href);
}

describe("a fault in the core's evaluator is found out", () => {
  const reads = new Map<Situation, Access.ReadAssignments>();
  const idsOf = new Map<Situation, readonly string[]>();
  beforeAll(async () => {
    for (const situation of SITUATIONS) {
      const { http, ids } = armOf(situation);
      idsOf.set(situation, ids);
      const { azure } = world(http);
      const read = await readAssignments(azure.roleAssignments(SUBSCRIPTION), REGISTRY_ID, OBJECT_ID);
      const denying = await listDenyAssignments(azure.arm, REGISTRY_ID);
      const groups = groupsIn(read, OBJECT_ID);
      reads.set(situation, {
        ...read,
        denials: await denialsAbout(azure.arm, REGISTRY_ID, denying, OBJECT_ID, groups),
      });
    }
  });

  /** Whether the assignments that decide it are those of the situation. */
  function isDecidedBy({ decidedBy = [], denied }: Access.DecidedAccess, situation: Situation): boolean {
    if (situation.by === 'deny' || denied !== undefined)
      return (situation.by === 'deny') === (denied !== undefined);
    const places = decidedBy.map((id) => idsOf.get(situation)?.indexOf(id)).sort();
    return places.join() === situation.by.join();
  }

  async function wrong(fault?: Fault): Promise<number> {
    const { decideAccess } = (await loaded('core/azure/access.ts', fault)) as typeof Access;
    return SITUATIONS.filter((situation) => {
      const read = reads.get(situation);
      if (read === undefined) throw new Error('nothing was read');
      const asked = situation.ask === undefined ? [] : [situation.ask];
      const decided = decideAccess(read, registryOf(situation), OBJECT_ID, asked);
      return decided.allowed !== situation.allowed || !isDecidedBy(decided, situation);
    }).length;
  }

  it('none of them without one', async () => {
    expect(await wrong()).toBe(0);
  });
  it.each([...CORE, ...CORE_DECIDING])('$name', async (fault) => {
    expect(await wrong(fault)).toBeGreaterThan(0);
  });
});

describe("a fault in the simulator's evaluator is found out", () => {
  let state: CloudState;
  beforeAll(() => {
    ({ state } = loadScenario(accessScenario(), Date.now()));
  });

  const R = 'Microsoft.ContainerRegistry/registries';
  const NEEDED = {
    legacy: { kind: 'action', actions: [`${R}/pull/read`] },
    abac: {
      kind: 'dataAction',
      actions: [`${R}/repositories/content/read`, `${R}/repositories/metadata/read`],
    },
  } as const;

  async function wrong(fault?: Fault): Promise<number> {
    const { decide } = (await loaded('simulator/cloud/rbac.ts', fault)) as typeof Rbac;
    return PULLED.filter((situation, nth) => {
      const principalId = state.principals.find(({ name }) => name === identityOf(nth))?.objectId ?? '';
      const { kind, actions } = NEEDED[situation.mode === 'abac' ? 'abac' : 'legacy'];
      const each = repositoriesOf(situation).map((repository) =>
        actions.every(
          (action) =>
            decide(
              state,
              {
                principalId,
                action,
                kind,
                scope: registryIdOf(nth),
                ...(kind === 'action' ? {} : { repository }),
              },
              Date.now(),
            ).allowed,
        ),
      );
      return each.every((one) => one) !== situation.allowed;
    }).length;
  }

  it('none of them without one', async () => {
    expect(await wrong()).toBe(0);
  });
  it.each(SIMULATOR)('$name', async (fault) => {
    expect(await wrong(fault)).toBeGreaterThan(0);
  });
});
