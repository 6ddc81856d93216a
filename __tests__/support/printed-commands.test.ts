import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { scenario } from '../e2e/scene.js';
import { openTerminal, withOwner } from './printed-commands.js';
import type { Terminal } from './printed-commands.js';
import { evaluateQuery, tabSeparated } from './printed-commands/query.js';
import { readLine } from './printed-commands/words.js';

describe('the words of a printed command', () => {
  it('are those that bash reads', () => {
    expect(
      readLine(`az a -b 'it'\\''s' --c="d e" ''`).words.map((parts) =>
        parts.map((part) => (typeof part === 'string' ? part : '?')).join(''),
      ),
    ).toEqual([...['az', 'a', '-b', "it's", '--c=d e', '']]);
    const inner = {
      words: ['az', 'b', '-q', "[?a=='x'].id"].map((word) => expect.arrayContaining([word[0]])),
    };
    expect(readLine(`az "$(az b -q "[?a=='x'].id")"`).words[1]).toEqual(['', inner]);
    expect(readLine("kubectl apply -f - <<'EOF'\na: 1\nEOF").input).toBe('a: 1\n');
  });

  it.each([
    'az a | cat',
    'az a; az b',
    'az a $HOME',
    'az a "$HOME"',
    'az a $(az b)',
    'az a `az b`',
    'az a [].x',
    'az a *',
    'az a "why!"',
    "az a 'b",
    'az a "$(az b"',
    'az a > b',
    'az a\naz b',
    "az a <<'EOF'\nx\nEOF\naz b",
  ])('are refused where a shell would do more: %s', (line) => {
    expect(() => readLine(line)).toThrow();
  });
});

describe('a query', () => {
  const list = [
    { name: 'a', id: '1', in: { of: 'x' } },
    { name: 'b', id: '2' },
  ];
  it.each([
    ['[0].name', 'a'],
    ["[?name=='b'].id", ['2']],
    ["[?name=='b' || id=='1'].id", ['1', '2']],
    ['[].in.of', ['x']],
    [
      '[].{n:name, x:in.of}',
      [
        { n: 'a', x: 'x' },
        { n: 'b', x: null },
      ],
    ],
    ["[0].join('/', ['', id, name])", '/1/a'],
    ["[?in.of!='x'].name", ['b']],
  ])('%s', (query, found) => {
    expect(evaluateQuery(query, list)).toEqual(found);
  });

  it('is refused where it is not understood', () => {
    for (const query of ['[?name', 'length(@)', '[*].id', 'a | b'])
      expect(() => evaluateQuery(query, list)).toThrow();
  });

  it('prints tables as tsv does', () => {
    expect(tabSeparated([{ a: 1, b: null }, 'x'])).toBe('1\tNone\nx');
    expect(tabSeparated(undefined)).toBe('');
  });
});

describe('a terminal', () => {
  let simulator: Simulator;
  let terminal: Terminal;
  beforeAll(async () => {
    simulator = await startSimulator(withOwner(scenario()));
    terminal = openTerminal(simulator);
  });
  afterAll(async () => {
    await terminal.close();
    await simulator.stop();
  });

  it('runs commands with what they ask for', async () => {
    const { length } = simulator.state.roleAssignments;
    await terminal.run(
      'az role assignment create --role 7f951dda-4ed3-4680-a7ca-43fe172d538d --assignee-object-id "$(az aks show -g apps -n shop --query identityProfile.kubeletidentity.objectId -o tsv)" --assignee-principal-type ServicePrincipal --scope "$(az acr show -n contoso --query id -o tsv)"',
    );
    const added = simulator.state.roleAssignments.slice(length);
    expect(added).toMatchObject([
      {
        principalId: simulator.state.clusters[0]?.kubeletIdentity?.objectId,
        principalType: 'ServicePrincipal',
      },
    ]);
    await terminal.run('kubectl create namespace more');
    expect(await terminal.run('kubectl get namespaces')).toContain('"more"');
  });

  it.each([
    'az group delete -n apps',
    'az acr show -n contoso --verbose',
    'az acr show -n',
    'az acr show',
    'az acr show -n contoso extra',
    'az acr show -n nowhere',
    'az acr show -n "$(az acr list --query "[?name==\'x\'].name" -o tsv)"',
    'az aks update -g apps -n shop',
    'kubectl drain node',
    'kubectl get pods --watch',
    'rm -rf x',
  ])('refuses what it does not know, and what fails: %s', async (line) => {
    await expect(terminal.run(line)).rejects.toThrow(line);
  });
});
