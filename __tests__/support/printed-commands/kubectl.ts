/**
 * kubectl's commands that fixes print, as the requests that each makes, held against the real kubectl
 * (real/printed-commands.test.ts). It reaches the cluster as its administrator, by the kubeconfig that Azure gives out.
 */
import { parse, parseAllDocuments } from 'yaml';
import { alone, needed, readOptions, value } from './arguments.js';
import type { Options, Values } from './arguments.js';
import type { Azure, Kubeconfig } from './azure.js';
import { Failed } from './azure.js';
import { Refused } from './words.js';

/** The cluster that kubectl's current context names. */
export interface Context {
  azure: Azure;
  kubeconfig: Kubeconfig;
}

/** Where the objects of each kind are, by every name that commands may give it. */
const KINDS: readonly { names: readonly string[]; group: string; namespaced: boolean; plural: string }[] = [
  { names: ['namespace', 'namespaces', 'ns'], group: 'api/v1', namespaced: false, plural: 'namespaces' },
  { names: ['node', 'nodes', 'no'], group: 'api/v1', namespaced: false, plural: 'nodes' },
  { names: ['pod', 'pods', 'po'], group: 'api/v1', namespaced: true, plural: 'pods' },
  { names: ['event', 'events', 'ev'], group: 'api/v1', namespaced: true, plural: 'events' },
  { names: ['secret', 'secrets'], group: 'api/v1', namespaced: true, plural: 'secrets' },
  {
    names: ['serviceaccount', 'serviceaccounts', 'sa'],
    group: 'api/v1',
    namespaced: true,
    plural: 'serviceaccounts',
  },
  ...['deployment', 'statefulset', 'daemonset', 'replicaset'].map((name) => ({
    names: [name, `${name}s`],
    group: 'apis/apps/v1',
    namespaced: true,
    plural: `${name}s`,
  })),
  { names: ['cronjob', 'cronjobs'], group: 'apis/batch/v1', namespaced: true, plural: 'cronjobs' },
  { names: ['job', 'jobs'], group: 'apis/batch/v1', namespaced: true, plural: 'jobs' },
  { names: ['role', 'roles'], group: 'apis/rbac.authorization.k8s.io/v1', namespaced: true, plural: 'roles' },
  {
    names: ['rolebinding', 'rolebindings'],
    group: 'apis/rbac.authorization.k8s.io/v1',
    namespaced: true,
    plural: 'rolebindings',
  },
  {
    names: ['clusterrole', 'clusterroles'],
    group: 'apis/rbac.authorization.k8s.io/v1',
    namespaced: false,
    plural: 'clusterroles',
  },
  {
    names: ['clusterrolebinding', 'clusterrolebindings'],
    group: 'apis/rbac.authorization.k8s.io/v1',
    namespaced: false,
    plural: 'clusterrolebindings',
  },
];

const NAMESPACE = value('-n', '--namespace');

interface Command {
  verb: string;
  run(context: Context, words: readonly string[], input: string | undefined): Promise<string>;
}

/** A row of the table. The words before the first option stand by themselves: kinds and names. */
function command<T extends Options>(
  verb: string,
  options: T,
  run: (context: Context, given: Values<T>, words: readonly string[], input?: string) => Promise<string>,
): Command {
  return {
    verb,
    run: (context, words, input) => {
      const first = words.findIndex((word) => word.startsWith('-'));
      const own = first === -1 ? words : words.slice(0, first);
      return run(context, readOptions(options, first === -1 ? [] : words.slice(first)), own, input);
    },
  };
}

const COMMANDS: readonly Command[] = [
  command(
    'patch',
    { namespace: NAMESPACE, type: needed('--type'), patch: needed('-p', '--patch') },
    async (context, { namespace = 'default', type = '', patch = '' }, [kind = '', name = '']) => {
      if (type !== 'json') throw new Refused(`kubectl patch --type ${type} is not known here`);
      const path = `${pathOf(kind, namespace)}/${name}`;
      await ask(context, 'GET', path);
      await ask(context, 'PATCH', path, JSON.parse(patch), 'application/json-patch+json');
      return `${kind}/${name} patched`;
    },
  ),
  command(
    'rollout',
    { namespace: NAMESPACE },
    async (context, { namespace = 'default' }, [what, kind = '', name = '']) => {
      if (what !== 'restart') throw new Refused(`kubectl rollout ${what ?? ''} is not known here`);
      const path = `${pathOf(kind, namespace)}/${name}`;
      await ask(context, 'GET', path);
      // kubernetes/kubectl, pkg/polymorphichelpers/objectrestarter.go
      const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
      const body = { spec: { template: { metadata: { annotations } } } };
      await ask(context, 'PATCH', path, body, 'application/strategic-merge-patch+json');
      return `${kind}/${name} restarted`;
    },
  ),
  command('create', {}, async (context, _, [kind, name, ...rest]) => {
    if (kind !== 'namespace' || name === undefined || rest.length > 0)
      throw new Refused(`kubectl create ${kind ?? ''} is not known here`);
    await ask(context, 'POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
    return `namespace/${name} created`;
  }),
  command('apply', { file: needed('-f') }, async (context, { file }, words, input) => {
    if (file !== '-' || input === undefined || words.length > 0)
      throw new Refused('kubectl apply takes a here-document here, and nothing else');
    const said: string[] = [];
    for (const document of parseAllDocuments(input)) {
      const object = document.toJS() as {
        apiVersion: string;
        kind: string;
        metadata: { name: string; namespace?: string };
      };
      const { name, namespace = 'default' } = object.metadata;
      const list = pathOf(object.kind.toLowerCase(), namespace);
      const there = await send(context, 'GET', `${list}/${name}`);
      if (there.status === 404) await ask(context, 'POST', list, object);
      else await ask(context, 'PATCH', `${list}/${name}`, object, 'application/strategic-merge-patch+json');
      said.push(`${object.kind.toLowerCase()}/${name} ${there.status === 404 ? 'created' : 'configured'}`);
    }
    return said.join('\n');
  }),
  command(
    'get',
    {
      namespace: NAMESPACE,
      all: alone('-A', '--all-namespaces'),
      fields: value('--field-selector'),
      labels: value('-l', '--selector'),
      output: value('-o', '--output'),
    },
    async (context, { namespace = 'default', all, fields, labels }, [kind = '', name, ...rest]) => {
      if (rest.length > 0) throw new Refused(`kubectl get takes one name, not ${rest.join(' ')} too`);
      const query = new URLSearchParams({
        ...(fields === undefined ? {} : { fieldSelector: fields }),
        ...(labels === undefined ? {} : { labelSelector: labels }),
        limit: '500',
      });
      const path = pathOf(kind, all === undefined ? namespace : undefined);
      return JSON.stringify(
        await ask(context, 'GET', name === undefined ? `${path}?${query.toString()}` : `${path}/${name}`),
      );
    },
  ),
  command(
    'delete',
    { namespace: NAMESPACE },
    async (context, { namespace = 'default' }, [kind = '', name = '']) => {
      await ask(context, 'DELETE', `${pathOf(kind, namespace)}/${name}`);
      return `${kind} "${name}" deleted`;
    },
  ),
];

/** Where objects of a kind are listed. @param namespace absent: those of all */
function pathOf(kind: string, namespace: string | undefined): string {
  const found = KINDS.find(({ names }) => names.includes(kind));
  if (found === undefined) throw new Refused(`objects of kind ${kind} are not known here`);
  const { group, namespaced, plural } = found;
  return `/${group}${namespaced && namespace !== undefined ? `/namespaces/${namespace}` : ''}/${plural}`;
}

const send = (
  { azure, kubeconfig }: Context,
  ...rest: [method: string, path: string, body?: unknown, type?: string]
) => azure.kubernetes(kubeconfig, ...rest);

async function ask(
  context: Context,
  ...rest: Parameters<typeof send> extends [unknown, ...infer R] ? R : never
): Promise<unknown> {
  const { status, body } = await send(context, ...rest);
  if (status === 501) throw new Refused(`the simulator does not model it: ${JSON.stringify(body)}`);
  if (status >= 400) throw new Failed(status, `${status} ${JSON.stringify(body)}`);
  return body;
}

/** Application id of the AKS server application (github.com/Azure/kubelogin README). */
const SERVER = '6dae42f8-4368-4678-94ff-3960e28e3630';

/** What `az aks get-credentials` would write, as an administrator where there are local accounts, else by Entra. */
export async function contextOf(azure: Azure, clusterId: string): Promise<Context> {
  const { properties } = (await azure.arm('GET', clusterId, '2022-11-01')) as {
    properties: { disableLocalAccounts?: boolean };
  };
  const kind = properties.disableLocalAccounts === true ? 'User' : 'Admin';
  // An action's answer, which is no resource that could be read again.
  const { kubeconfigs } = (await azure.arm(
    'POST',
    `${clusterId}/listCluster${kind}Credential`,
    '2022-11-01',
  )) as {
    kubeconfigs: { value: string }[];
  };
  const { clusters, users } = parse(Buffer.from(kubeconfigs[0]?.value ?? '', 'base64').toString('utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string | undefined> }[];
  };
  const [{ cluster = {} } = {}] = clusters;
  const [{ user = {} } = {}] = users;
  const decoded = (text = ''): string => Buffer.from(text, 'base64').toString('utf8');
  const base = { server: cluster.server ?? '', authority: decoded(cluster['certificate-authority-data']) };
  const kubeconfig =
    user['client-key-data'] === undefined
      ? { ...base, token: await azure.token(SERVER) }
      : {
          ...base,
          certificate: decoded(user['client-certificate-data']),
          key: decoded(user['client-key-data']),
        };
  return { azure, kubeconfig };
}

/** Runs kubectl with these words. @throws {Refused} for what isn't known here, {Failed} for a refusal of the API server */
export async function kubectl(context: Context, words: readonly string[], input?: string): Promise<string> {
  const [verb = '', ...rest] = words;
  const found = COMMANDS.find((one) => one.verb === verb);
  if (found === undefined) throw new Refused(`kubectl ${verb} is not known here`);
  return found.run(context, rest, input);
}
