/** A cloud whose cluster has the namespaces, policies and webhooks of a scenario's text. */
import { loadScenario } from '../../../../src/simulator/cloud/scenario.js';
import { first, TestCloud } from '../support.js';
import type { Json, Reply } from '../support.js';

/** Starts it. The text holds keys of a cluster, not indented. */
export function startWith(keys: string): Promise<TestCloud> {
  const indented = keys
    .trim()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  const { state } = loadScenario(
    `name: admission\nclusters:\n  - name: shop\n    resourceGroup: shop-rg\n${indented}\n`,
    Date.now(),
  );
  const { namespaces, admission, kubernetesVersion } = first(state.clusters);
  return TestCloud.start((given) =>
    Object.assign(first(given.clusters), { namespaces, admission, kubernetesVersion }),
  );
}

export const IMAGE = 'contoso.azurecr.io/shop/web:1.4.2';

/** A container that breaks nothing that is demanded here; `change` breaks it. */
export function container(change: object = {}): object {
  return {
    name: 'c',
    image: IMAGE,
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '100m', memory: '128Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...change,
  };
}

export const bareContainer = { name: 'c', image: IMAGE };

export interface Created extends Reply {
  json: Json;
}

/** Sends a pod; what `spec` doesn't say is as `container` has it. */
export function createPod(
  cloud: TestCloud,
  spec: object = {},
  options: { namespace?: string; metadata?: object; query?: string } = {},
): Promise<Created> {
  const { namespace = 'ci', metadata = {}, query = '' } = options;
  return cloud.api('POST', `/api/v1/namespaces/${namespace}/pods${query}`, {
    metadata: { name: 'x', ...metadata },
    spec: { containers: [container()], ...spec },
  });
}

export function createJob(
  cloud: TestCloud,
  podSpec: object = {},
  options: { namespace?: string; name?: string; query?: string } = {},
): Promise<Created> {
  const { namespace = 'ci', name = 'x', query = '' } = options;
  return cloud.api('POST', `/apis/batch/v1/namespaces/${namespace}/jobs${query}`, {
    metadata: { name },
    spec: {
      backoffLimit: 0,
      template: { spec: { restartPolicy: 'Never', containers: [container()], ...podSpec } },
    },
  });
}

/** The first message of the Job controller about a pod that it couldn't make. */
export async function failedCreate(cloud: TestCloud, namespace = 'ci'): Promise<string | undefined> {
  const refused = ({ reason }: Json): boolean => reason === 'FailedCreate';
  const { items } = await cloud.until(`/api/v1/namespaces/${namespace}/events`, (json) =>
    json.items.some(refused),
  );
  return items.find(refused)?.message;
}

/** Texts of an answer's warnings. */
export function warnings({ headers }: Reply): string[] {
  return [...(headers['warning'] ?? '').matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)].map(
    ([, text = '']) => JSON.parse(text) as string,
  );
}
