/** The sub-commands of kubectl that only ask: version, auth can-i, logs. */
import { NotModelled } from '../../../net/exchange.js';
import { ALL_NAMESPACES, NAMESPACE, OUTPUT } from './desk.js';
import type { Desk, SubCommand } from './desk.js';
import { KubectlFailure, read } from './failure.js';
import { goJson } from './go-json.js';
import { discover, named, objectPath, resourcePath, targets } from './resources.js';
import type { AnyObject, Resource } from './resources.js';

/** Assumption: which kubectl the command pod has isn't documented; this is the one that texts were held against. */
const CLIENT = { gitVersion: 'v1.32.4', kustomize: 'v5.5.0' } as const;

export const version: SubCommand = {
  flags: { ...OUTPUT, client: { kind: 'switch' } },
  async run({ args, client, process }) {
    const format = args.text('output') ?? '';
    if (format !== '' && format !== 'json') throw new NotModelled(`kubectl's version -o ${format}`);
    const server = args.has('client')
      ? undefined
      : read<{ gitVersion: string }>(await client.send('GET', '/version'));
    if (format === 'json') {
      const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(CLIENT.gitVersion) ?? [];
      const all = {
        clientVersion: { major, minor, gitVersion: CLIENT.gitVersion },
        kustomizeVersion: CLIENT.kustomize,
        ...(server === undefined ? {} : { serverVersion: server }),
      };
      process.out(`${JSON.stringify(all, null, 2)}\n`);
    } else {
      process.out(`Client Version: ${CLIENT.gitVersion}\nKustomize Version: ${CLIENT.kustomize}\n`);
      if (server !== undefined) process.out(`Server Version: ${server.gitVersion}\n`);
    }
    if (server !== undefined) warnOfSkew(process.error, server.gitVersion);
    return 0;
  },
};

/** More than one minor version apart (kubernetes/kubectl pkg/cmd/version/skew_warning.go). */
function warnOfSkew(error: (text: string) => void, server: string): void {
  const minor = (text: string): number => Number(/^v\d+\.(\d+)/.exec(text)?.[1]);
  const short = (text: string): string => /^v(\d+\.\d+)/.exec(text)?.[1] ?? text;
  if (Math.abs(minor(server) - minor(CLIENT.gitVersion)) <= 1) return;
  error(
    `WARNING: version difference between client (${short(CLIENT.gitVersion)}) and server (${short(server)}) exceeds the supported minor version skew of +/-1\n`,
  );
}

export const auth: SubCommand = {
  flags: { ...NAMESPACE, ...ALL_NAMESPACES, quiet: { kind: 'switch', short: 'q' } },
  async run(desk) {
    const { args, client, process } = desk;
    const [what, verb, word, ...more] = args.words;
    if (
      what !== 'can-i' ||
      verb === undefined ||
      word === undefined ||
      more.length > 1 ||
      word.startsWith('/')
    )
      throw new NotModelled(`kubectl auth ${args.words.join(' ')}`);
    const [type = '', inWord] = word.split('/', 2);
    const name = inWord ?? more[0];
    const resource = await knownResource(desk, type);
    if (resource !== undefined && !resource.namespaced && !args.has('quiet') && !args.has('all-namespaces'))
      process.error(
        `Warning: resource '${resource.name}' is not namespace scoped${resource.group === '' ? '' : ` in group '${resource.group}'`}\n\n`,
      );
    const resourceAttributes = {
      namespace: args.has('all-namespaces') ? '' : desk.namespace,
      verb,
      group: resource?.group ?? type.split('.').slice(1).join('.'),
      resource: resource?.name ?? type.split('.')[0],
      ...(name === undefined ? {} : { name }),
    };
    const answer = await client.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      body: goJson({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        metadata: {},
        spec: { resourceAttributes },
      }),
    });
    const { status } = read<{ status: { allowed: boolean; reason?: string; evaluationError?: string } }>(
      answer,
    );
    const why = [status.reason, status.evaluationError].filter((one) => one !== undefined && one !== '');
    if (!args.has('quiet')) process.out(`${[status.allowed ? 'yes' : 'no', ...why].join(' - ')}\n`);
    return status.allowed ? 0 : 1;
  },
};

async function knownResource({ args, client, process }: Desk, type: string): Promise<Resource | undefined> {
  if (type === '*') return undefined;
  try {
    return named(await discover(client), type);
  } catch (error) {
    if (!(error instanceof KubectlFailure) || !error.message.includes('resource type')) throw error;
    if (!args.has('quiet')) process.error(`Warning: the server doesn't have a resource type '${type}'\n\n`);
    return undefined;
  }
}

export const logs: SubCommand = {
  flags: { ...NAMESPACE, container: { kind: 'text', short: 'c' } },
  async run(desk) {
    const { args, client, process } = desk;
    const [word = '', ...more] = args.words;
    if (word === '' || more.length > 0) throw new NotModelled(`kubectl logs ${args.words.join(' ')}`);
    const resources = await discover(client);
    const [target] = targets(resources, word.includes('/') ? [word] : ['pods', word]);
    const name = target?.name ?? '';
    if (target === undefined || !['pods', 'jobs'].includes(target.resource.name))
      throw new NotModelled(`kubectl logs ${word}`);
    const found = read<AnyObject>(
      await client.send('GET', objectPath(target.resource, desk.namespace, name)),
    );
    const pods = named(resources, 'pods');
    const pod = target.resource === pods ? name : await podOfJob(desk, pods, found);
    const container = args.text('container');
    const path = `${objectPath(pods, desk.namespace, pod)}/log`;
    const answer = await client.send('GET', path, container === undefined ? {} : { query: { container } });
    if (answer.status >= 400) read(answer);
    process.out(answer.text);
    return 0;
  },
};

async function podOfJob(desk: Desk, pods: Resource, job: AnyObject): Promise<string> {
  const { items } = read<{ items: AnyObject[] }>(
    await desk.client.send('GET', resourcePath(pods, desk.namespace), {
      query: { labelSelector: `batch.kubernetes.io/controller-uid=${job.metadata.uid}` },
    }),
  );
  const [only, ...more] = items;
  // Which of several kubectl takes, and how long it waits for the first, isn't modelled.
  if (only?.metadata.name === undefined || more.length > 0)
    throw new NotModelled(`kubectl logs of a Job with ${items.length} pods`);
  return only.metadata.name;
}
