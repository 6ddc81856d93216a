/** kubectl delete (kubernetes/kubectl pkg/cmd/delete/delete.go). */
import { NotModelled } from '../../../net/exchange.js';
import {
  ALL_NAMESPACES,
  Failures,
  FILES,
  NAMESPACE,
  OUTPUT,
  printWarnings,
  SELECTORS,
  selectorQuery,
} from './desk.js';
import type { Desk, SubCommand } from './desk.js';
import { during, KubectlFailure, read, Refusal } from './failure.js';
import { manifests } from './manifests.js';
import { rawRequest } from './raw.js';
import { discover, objectName, objectPath, resourcePath, targets } from './resources.js';
import type { AnyObject, Resource } from './resources.js';
import { A_WEEK_MS, isGone, timedOut, until } from './wait.js';
import type { Awaited } from './wait.js';

const CASCADES: Readonly<Record<string, string>> = {
  background: 'Background',
  foreground: 'Foreground',
  orphan: 'Orphan',
};

export const remove: SubCommand = {
  flags: {
    ...NAMESPACE,
    ...ALL_NAMESPACES,
    ...SELECTORS,
    ...FILES,
    ...OUTPUT,
    'ignore-not-found': { kind: 'switch' },
    wait: { kind: 'switch' },
    timeout: { kind: 'text' },
    cascade: { kind: 'text' },
    'grace-period': { kind: 'text' },
    now: { kind: 'switch' },
    all: { kind: 'switch' },
    raw: { kind: 'text' },
  },
  async run(desk) {
    const { args, client, process } = desk;
    const raw = args.text('raw');
    if (raw !== undefined) return rawRequest(desk, 'DELETE', raw);
    const body = JSON.stringify(deleteOptions(desk));
    const output = args.text('output') ?? '';
    if (output !== '' && output !== 'name') throw new NotModelled(`kubectl's delete -o ${output}`);
    const failures = new Failures();
    const deleted: Awaited[] = [];
    const chosen = await choose(desk, failures);
    for (const { resource, namespace, name, doing } of chosen) {
      try {
        const answer = await client.send('DELETE', objectPath(resource, namespace, name), { body });
        const object = read<AnyObject & { details?: { uid?: string } }>(answer);
        printWarnings(desk, answer.warnings);
        const uid = object.metadata.uid ?? object.details?.uid;
        deleted.push({ resource, namespace, name, ...(uid === undefined ? {} : { uid }) });
        const said = objectName(resource, name);
        process.out(output === 'name' ? `${said}\n` : `${said.replace(/\/(.*)$/, ' "$1"')} deleted\n`);
      } catch (error) {
        if (error instanceof Refusal && error.status === 404 && args.has('ignore-not-found')) continue;
        failures.add(doing === undefined ? error : during(doing, error));
      }
    }
    const exitCode = failures.print(desk);
    if (exitCode !== 0) return exitCode;
    if (chosen.length === 0) {
      if (!args.has('ignore-not-found')) process.out('No resources found\n');
      return 0;
    }
    if (args.has('wait', true)) {
      const timeout = args.milliseconds('timeout') ?? 0;
      for (const object of deleted) {
        if (
          !(await until(client, object, isGone(object), timeout === 0 ? A_WEEK_MS : timeout, process.signal))
        )
          throw timedOut(object);
      }
    }
    return 0;
  },
};

function deleteOptions({ args }: Desk): object {
  const cascade = args.text('cascade') ?? 'background';
  const propagationPolicy = Object.hasOwn(CASCADES, cascade) ? CASCADES[cascade] : undefined;
  if (propagationPolicy === undefined) throw new NotModelled(`kubectl's --cascade=${cascade}`);
  const asked = args.has('now') ? 1 : Number(args.text('grace-period') ?? -1);
  if (!Number.isInteger(asked))
    throw new NotModelled(`kubectl's --grace-period=${args.text('grace-period')}`);
  // Without --force, 0 is taken for 1.
  const grace = asked === 0 ? 1 : asked;
  return { propagationPolicy, ...(grace > 0 ? { gracePeriodSeconds: grace } : {}) };
}

interface Chosen {
  resource: Resource;
  namespace: string | undefined;
  name: string;
  doing?: string;
}

async function choose(desk: Desk, failures: Failures): Promise<Chosen[]> {
  const { args, client } = desk;
  const resources = await discover(client);
  if (args.texts('filename').length > 0) {
    if (args.words.length > 0) throw new NotModelled('kubectl delete of files and names together');
    return manifests(desk, resources, args.texts('filename')).map(
      ({ resource, namespace, object, source }) => ({
        resource,
        namespace,
        name: object.metadata.name ?? '',
        doing: `error when deleting "${source}"`,
      }),
    );
  }
  const selecting = Object.keys(selectorQuery(desk)).length > 0 || args.has('all');
  const chosen: Chosen[] = [];
  for (const { resource, name } of targets(resources, args.words)) {
    const namespace = args.has('all-namespaces') || !resource.namespaced ? undefined : desk.namespace;
    if (name !== undefined) {
      if (selecting) throw new KubectlFailure('error: name cannot be provided when a selector is specified');
      chosen.push({ resource, namespace, name });
      continue;
    }
    if (!selecting) throw new KubectlFailure('error: resource(s) were provided, but no name was specified');
    try {
      const { items } = read<{ items: AnyObject[] }>(
        await client.send('GET', resourcePath(resource, namespace), { query: selectorQuery(desk) }),
      );
      for (const { metadata } of items)
        chosen.push({ resource, namespace: metadata.namespace, name: metadata.name ?? '' });
    } catch (error) {
      failures.add(error);
    }
  }
  return chosen;
}
