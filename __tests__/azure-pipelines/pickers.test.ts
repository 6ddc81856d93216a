/**
 * The pickers of the task: the queries of task.json, asked as the server asks them for the pipeline's editor. How it does
 * is documented in Microsoft/azure-pipelines-tasks, docs/pagination.md; the helpers that the templates name are those of
 * Tasks/HelmDeployV1/task.json there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator } from '../../src/simulator/index.js';
import type { Simulator } from '../../src/simulator/index.js';
import { PROJECT } from '../e2e/runner.js';
import { armClient, openClient } from '../simulator/net/client.js';
import type { Client } from '../simulator/net/client.js';

interface Binding {
  target: string;
  endpointId: string;
  endpointUrl: string;
  callbackContextTemplate: string;
  callbackRequiredTemplate: string;
  initialContextTemplate: string;
  resultSelector: string;
  resultTemplate: string;
}
interface Choice {
  Value: string;
  DisplayValue: string;
}
interface Page {
  value: Record<string, unknown>[];
  nextLink?: string;
}
type Ask = (url: string) => Promise<Page>;

const task = JSON.parse(readFileSync(join(PROJECT, 'task.json'), 'utf8')) as {
  inputs: { name: string; type: string; properties?: Record<string, string> }[];
  dataSourceBindings: Binding[];
};

/** The server gives up after so many calls. */
const MOST_CALLS = 5;

function valueAt(context: unknown, path: string): string {
  const found = path
    .split('.')
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], context);
  return typeof found === 'string' ? found : '';
}

/** The part of an ARM id after `/kind/`. */
function resourceIn(id: string, kind: string): string {
  return new RegExp(`/${kind}/([^/]+)`, 'i').exec(id)?.[1] ?? '';
}

/** A template, as far as these go. Anything else in braces stays, and fails the test. */
function fill(template: string, context: unknown): string {
  return template
    .replace(
      /\{\{#getTokenValue ([\w.]+)\}\}\{\{extractUrlQueryParameter (\S+)\}\}\{\{\/getTokenValue\}\}/g,
      (_all, path: string, name: string) => {
        const link = valueAt(context, path);
        return link === '' ? '' : (new URL(link).searchParams.get(decodeURIComponent(name)) ?? '');
      },
    )
    .replace(/\{\{isTokenPresent ([\w.]+)\}\}/g, (_all, path: string) =>
      String(valueAt(context, path) !== ''),
    )
    .replace(/\{\{\{ ?#extractResource (\w+) (\w+)\}\}\}/g, (_all, path: string, kind: string) =>
      resourceIn(valueAt(context, path), kind),
    )
    .replace(/\{\{\{([\w.]+)\}\}\}/g, (_all, path: string) => valueAt(context, path));
}

/** What a picker lists. */
async function listed(target: string, endpoint: object, inputs: object, ask: Ask): Promise<Choice[]> {
  const binding = task.dataSourceBindings.find((one) => one.target === target);
  if (binding === undefined) throw new Error(`task.json has no query for ${target}`);
  expect([binding.endpointId, binding.resultSelector]).toEqual([
    '$(azureSubscription)',
    'jsonpath:$.value[*]',
  ]);
  const choices: Choice[] = [];
  let context = JSON.parse(binding.initialContextTemplate) as object;
  for (let calls = 1; calls <= MOST_CALLS; calls += 1) {
    const url = fill(binding.endpointUrl, { endpoint, ...context }).replace(
      /\$\((\w+)\)/g,
      (_all, name: string) => valueAt(inputs, name),
    );
    expect(url).not.toMatch(/[{}]/);
    const response = await ask(url);
    for (const one of response.value) {
      const text = fill(binding.resultTemplate, one);
      choices.push(text.startsWith('{') ? (JSON.parse(text) as Choice) : { Value: text, DisplayValue: text });
    }
    if (fill(binding.callbackRequiredTemplate, { response }) !== 'true') break;
    context = JSON.parse(fill(binding.callbackContextTemplate, { response })) as object;
  }
  return choices;
}

let simulator: Simulator;
let client: Client;

beforeAll(async () => {
  simulator = await startSimulator(`
name: pickers
pageSize: 1
subscriptions: [{ name: main }, { name: other }]
identities: [{ name: connection }, { name: stranger }]
clusters:
  - { name: shop, resourceGroup: apps }
  - { name: back-office, resourceGroup: apps }
  - { name: lab, resourceGroup: lab }
  - { name: faraway, resourceGroup: far, subscription: other }
registries:
  - { name: contoso, resourceGroup: images }
  - { name: secret, resourceGroup: vault }
roleAssignments:
  - { principal: connection, role: Reader, scope: 'rg:apps' }
  - { principal: connection, role: Reader, scope: 'registry:contoso' }
`);
  client = openClient(simulator);
});

afterAll(async () => {
  await client.close();
  await simulator.stop();
});

/** As a service connection of this identity asks. */
function asking(name: string): { endpoint: object; ask: Ask } {
  const arm = armClient(client, simulator, name);
  return {
    endpoint: {
      // Microsoft's own tasks write the slash behind it, so the server gives it without one: an assumption.
      url: 'https://management.azure.com',
      subscriptionId: simulator.state.subscriptions[0]?.id ?? '',
    },
    ask: async (url) => {
      const { pathname, search } = new URL(url);
      const { status, body } = await arm('GET', `${pathname}${search}`);
      if (status !== 200) throw new Error(`${status}: the editor shows ${JSON.stringify(body)}`);
      return body as Page;
    },
  };
}

const values = (choices: readonly Choice[]): string[] => choices.map(({ Value }) => Value);

describe('the pickers list what the service connection can see', () => {
  it('resource groups of clusters', async () => {
    const { endpoint, ask } = asking('connection');
    expect([...new Set(values(await listed('resourceGroup', endpoint, {}, ask)))]).toEqual(['apps']);
  });

  it('clusters of the chosen resource group', async () => {
    const { endpoint, ask } = asking('connection');
    const found = await listed('cluster', endpoint, { resourceGroup: 'apps' }, ask);
    expect(values(found).sort()).toEqual(['back-office', 'shop']);
  });

  it('registries, shown by name and chosen by login server', async () => {
    const { endpoint, ask } = asking('connection');
    expect(await listed('registry', endpoint, {}, ask)).toEqual([
      { Value: 'contoso.azurecr.io', DisplayValue: 'contoso' },
    ]);
  });

  it('page by page', async () => {
    const { endpoint, ask } = asking('connection');
    const pages: number[] = [];
    const counting: Ask = async (url) => {
      const page = await ask(url);
      pages.push(page.value.length);
      return page;
    };
    await listed('cluster', endpoint, { resourceGroup: 'apps' }, counting);
    expect(pages).toEqual([1, 1]);
  });

  it('nothing but the refusal where it can see nothing', async () => {
    const { endpoint, ask } = asking('stranger');
    await expect(listed('registry', endpoint, {}, ask)).rejects.toThrow('403');
  });
});

describe.each(task.dataSourceBindings.map(({ target }) => [target]))('the picker %s', (target) => {
  it('goes on with the next page, as ARM links it', async () => {
    const asked: string[] = [];
    const pages: Page[] = ['first', 'second'].map((name, index) => ({
      value: [{ id: `/subscriptions/s/resourceGroups/${name}/x`, name, properties: { loginServer: name } }],
      // Azure names it in either casing.
      ...(index === 0
        ? { nextLink: 'https://management.azure.com/x?api-version=1&$skipToken=a%2Bb%3D' }
        : {}),
    }));
    const found = await listed(target, { url: 'https://arm/', subscriptionId: 's' }, {}, async (url) => {
      asked.push(new URL(url).searchParams.get('$skipToken') ?? 'none');
      return pages[asked.length - 1] as Page;
    });
    expect(values(found)).toEqual(['first', 'second']);
    expect(asked[0]).toBe('');
    expect(asked[1]).toMatch(/^a/);
  });

  it('fills an input that also takes what is written', () => {
    const input = task.inputs.find(({ name }) => name === target);
    expect([input?.type, input?.properties]).toEqual(['pickList', { EditableOptions: 'True' }]);
  });
});
