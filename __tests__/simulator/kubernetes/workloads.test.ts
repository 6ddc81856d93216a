import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestCloud } from './support.js';
import type { Json } from './support.js';

const APPS = '/apis/apps/v1/namespaces/default';
const MERGE = { headers: { 'content-type': 'application/strategic-merge-patch+json' } };

let cloud: TestCloud;
beforeEach(async () => {
  cloud = await TestCloud.start();
  cloud.registry.anonymousPullEnabled = true;
});
afterEach(() => cloud.stop());

const template = (tag: string): object => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: `${cloud.registry.loginServer}/shop/web:${tag}` }] },
});

const create = (spec: object = {}) =>
  cloud.api('POST', `${APPS}/deployments`, {
    metadata: { name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template('1.4.2'), ...spec },
  });

const patch = (spec: object) => cloud.api('PATCH', `${APPS}/deployments/web`, { spec }, MERGE);

interface Counts {
  status: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
  };
}

const settled = (json: Json, replicas: number): boolean => {
  const { status } = json as unknown as Counts;
  return (
    status.observedGeneration === json.metadata.generation &&
    status.replicas === replicas &&
    status.updatedReplicas === replicas &&
    status.availableReplicas === replicas
  );
};

const condition = ({ status }: Json, type: string): string | undefined => {
  const found = status?.conditions?.find((one) => one.type === type);
  return found === undefined ? undefined : `${found.status} ${found.reason} ${found.message}`;
};

const sets = async () =>
  (await cloud.api('GET', `${APPS}/replicasets`)).json.items as (Json & { spec: { replicas: number } })[];

describe('a Deployment', () => {
  it('has a ReplicaSet for each template, which has the pods', async () => {
    await create();
    const deployment = await cloud.until(`${APPS}/deployments/web`, (json) => settled(json, 2));
    const [set, ...others] = await sets();
    expect(others).toEqual([]);
    expect(set?.metadata.name).toMatch(/^web-[a-z0-9]{10}$/);
    expect(set?.metadata.ownerReferences).toMatchObject([
      { kind: 'Deployment', uid: deployment.metadata.uid },
    ]);
    expect(condition(deployment, 'Available')).toBe(
      'True MinimumReplicasAvailable Deployment has minimum availability.',
    );
    expect(condition(deployment, 'Progressing')).toBe(
      `True NewReplicaSetAvailable ReplicaSet "${set?.metadata.name}" has successfully progressed.`,
    );
    const { items } = (await cloud.api('GET', '/api/v1/namespaces/default/pods?labelSelector=app=web')).json;
    expect(items.map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)).toEqual([
      set?.metadata.uid,
      set?.metadata.uid,
    ]);
  });

  it('stays available while a new template can not start, and comes back to the old one', async () => {
    await create();
    await cloud.until(`${APPS}/deployments/web`, (json) => settled(json, 2));
    await patch({ template: template('none') });
    await cloud.until('/api/v1/namespaces/default/pods', ({ items }) =>
      items.some(({ status }) => status?.containerStatuses?.[0]?.state.waiting?.reason === 'ErrImagePull'),
    );
    expect((await sets()).map(({ spec }) => spec.replicas).sort()).toEqual([1, 2]);
    await patch({ template: template('1.4.2') });
    await cloud.until(`${APPS}/deployments/web`, (json) => settled(json, 2));
    expect((await sets()).map(({ spec }) => spec.replicas).sort()).toEqual([0, 2]);
    const { metadata } = (await cloud.api('GET', `${APPS}/deployments/web`)).json;
    expect(metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  });

  it('may replace all at once, and is scaled apart from the rest', async () => {
    await create({ strategy: { type: 'Recreate' } });
    await cloud.until(`${APPS}/deployments/web`, (json) => settled(json, 2));
    const scaled = await cloud.api(
      'PATCH',
      `${APPS}/deployments/web/scale`,
      { spec: { replicas: 1 } },
      MERGE,
    );
    expect(scaled.json).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 1 },
      status: { selector: 'app=web' },
    });
    await cloud.until(`${APPS}/deployments/web`, (json) => settled(json, 1));
    await patch({ template: { spec: { containers: [{ name: 'web', tty: true }] } } });
    await cloud.until(`${APPS}/deployments/web`, (json) => settled(json, 1));
    expect((await sets()).map(({ spec }) => spec.replicas).sort()).toEqual([0, 1]);
  });

  it('takes on what an orphaning deletion left', async () => {
    await create();
    await cloud.until(`${APPS}/deployments/web`, (json) => settled(json, 2));
    const [before] = await sets();
    await cloud.api('DELETE', `${APPS}/deployments/web`, { propagationPolicy: 'Orphan' });
    await cloud.until(`${APPS}/deployments`, ({ items }) => items.length === 0);
    await create();
    await cloud.until(`${APPS}/deployments/web`, (json) => settled(json, 2));
    expect((await sets()).map(({ metadata }) => metadata.uid)).toEqual([before?.metadata.uid]);
    await cloud.api('DELETE', `${APPS}/deployments/web`, { propagationPolicy: 'Foreground' });
    await cloud.until('/api/v1/namespaces/default/pods', ({ items }) => items.length === 0);
    expect(await sets()).toEqual([]);
  });

  it('says why its pods can not be made', async () => {
    await create({
      template: {
        ...template('1.4.2'),
        spec: { serviceAccountName: 'none', containers: [{ name: 'c', image: 'a' }] },
      },
    });
    const path = '/api/v1/namespaces/default/events?fieldSelector=reason=FailedCreate';
    const { items } = await cloud.until(path, ({ items: found }) => found.length > 0);
    expect(items[0]?.message).toMatch(
      /^Error creating: pods "web-\w+-" is forbidden: error looking up service account default\/none: serviceaccount "none" not found$/,
    );
  });

  it('is refused when its selector does not take its own pods', async () => {
    const { json } = await create({ selector: { matchLabels: { app: 'other' } } });
    expect(json.message).toBe(
      'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    );
    await create();
    const changed = await patch({
      selector: { matchLabels: { app: 'web', b: 'c' } },
      template: { metadata: { labels: { b: 'c' } } },
    });
    expect(changed.json.message).toContain('field is immutable');
  });
});

describe('a log', () => {
  const log = async (name: string, query = '') =>
    (await cloud.api('GET', `/api/v1/namespaces/default/pods/${name}/log${query}`)).json.message;

  it('is not there before a container has run, and the kubelet says why', async () => {
    const container = (name: string) => ({ name, image: `${cloud.registry.loginServer}/shop/web:none` });
    await cloud.api('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name: 'p' },
      spec: { restartPolicy: 'Never', containers: [container('a'), container('b')] },
    });
    const reasons = ({ status }: Json) =>
      status?.containerStatuses?.map(({ state }) => state.waiting?.reason);
    await cloud.until('/api/v1/namespaces/default/pods/p', (json) => reasons(json)?.[0] === 'ErrImagePull');
    expect(await log('p', '?container=a')).toBe(
      `container "a" in pod "p" is waiting to start: image can't be pulled`,
    );
    expect(await log('p')).toBe('a container name must be specified for pod p, choose one of: [a b]');
    expect(await log('p', '?container=c')).toBe('container c is not valid for pod p');
    expect(await log('p', '?container=a&previous=true')).toBe(
      'previous terminated container "a" in pod "p" not found',
    );
    await cloud.until(
      '/api/v1/namespaces/default/pods/p',
      (json) => reasons(json)?.[0] === 'ImagePullBackOff',
    );
    expect(await log('p', '?container=a')).toBe(
      'container "a" in pod "p" is waiting to start: trying and failing to pull image',
    );
  });
});
