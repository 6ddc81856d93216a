import { describe, expect, it } from '@jest/globals';
import { subjectsIn } from '../../../../src/core/diagnosis/symptoms/input.js';

const IMAGE = 'contoso.azurecr.io/app:1';
const WHY = `Failed to pull image "${IMAGE}": ${IMAGE}: not found`;
const event = (reason: string, message: string, name = 'web'): unknown => ({
  kind: 'Event',
  reason,
  message,
  involvedObject: { kind: 'Pod', name, namespace: 'shop' },
});
const pod = (waiting: unknown, name = 'web'): unknown => ({
  kind: 'Pod',
  metadata: { name, namespace: 'shop' },
  spec: { containers: [{ name: 'app', image: IMAGE }] },
  status: { phase: 'Pending', containerStatuses: [{ name: 'app', image: '', state: { waiting } }] },
});
const WAITING = pod({ reason: 'ErrImagePull', message: `${IMAGE}: not found` });

describe('subjects', () => {
  it.each<[string, string]>([
    ['plain text', 'x: 401 Unauthorized'],
    ['JSON that is no object of Kubernetes', '{"errors":[{"code":"DENIED"}]}'],
  ])('of %s are one, without a pod', (_what, text) => {
    expect(subjectsIn(text)).toEqual([{ messages: [text] }]);
  });

  it('of a pod and its events are one for each image', () => {
    const list = {
      kind: 'List',
      items: [WAITING, event('Failed', WHY), event('Failed', 'Error: ErrImagePull')],
    };
    expect(subjectsIn(JSON.stringify(list))).toEqual([
      { pod: 'shop/web', image: IMAGE, messages: [`${IMAGE}: not found`, WHY, 'Error: ErrImagePull'] },
    ]);
  });

  it('of a watch are those of its objects', () => {
    const lines = [WAITING, pod({ reason: 'ImagePullBackOff', message: 'Back-off' }, 'other')].map((object) =>
      JSON.stringify({ type: 'MODIFIED', object }),
    );
    expect(subjectsIn(lines.join('\n')).map((one) => one.pod)).toEqual(['shop/web', 'shop/other']);
  });

  it('are of pulls alone', () => {
    const list = [
      event('Unhealthy', 'Readiness probe failed: dial tcp 10.0.0.1:80: connect: connection refused'),
      event('FailedScheduling', '0/3 nodes are available'),
      pod({ reason: 'ContainerCreating' }),
    ];
    expect(subjectsIn(JSON.stringify({ items: list }))).toEqual([]);
  });

  it('of kubectl describe are its events and its containers', () => {
    const text = `Name:             web
Namespace:        shop
Containers:
  app:
    Image:          ${IMAGE}
    State:          Waiting
      Reason:       ErrImagePull
      Message:      ${IMAGE}: not found
Conditions:
  Type   Status
Events:
  Type     Reason     Age               From               Message
  ----     ------     ----              ----               -------
  Normal   Scheduled  20s               default-scheduler  Successfully assigned shop/web to n1
  Warning  Failed     4s (x2 over 19s)  kubelet            ${WHY}
  Warning  Unhealthy  4s                kubelet            Readiness probe failed: connection refused
  Warning  Failed     4s (x2 over 19s)  kubelet, n1        Error: ErrImagePull
`;
    expect(subjectsIn(text)).toEqual([
      { pod: 'shop/web', image: IMAGE, messages: [`${IMAGE}: not found`, WHY, 'Error: ErrImagePull'] },
    ]);
  });

  it.each([
    ['kubectl get events', '60s ', '', 'pod/'],
    ['kubectl events', '60s (x4 over 2m)', '', 'Pod/'],
    ['kubectl get events -A', '60s', 'shop   ', 'pod/'],
  ])('of %s are its rows, each of its own pod', (_, age, namespace, object) => {
    const row = (type: string, reason: string, name: string, message: string): string =>
      `${namespace}${age}   ${type}   ${reason}   ${object}${name}   ${message}`;
    const text = [
      `${namespace === '' ? '' : 'NAMESPACE   '}LAST SEEN   TYPE   REASON   OBJECT   MESSAGE`,
      row('Normal', 'Pulling', 'web-1', `Pulling image "${IMAGE}"`),
      row('Warning', 'Failed', 'web-1', WHY),
      row(
        'Warning',
        'Unhealthy',
        'web-2',
        'Readiness probe failed: dial tcp 10.0.0.9:80: connection refused',
      ),
      row('Warning', 'Failed', 'api-1', 'Failed to pull image "b.azurecr.io/api:2": no such host'),
    ].join('\n');
    const pod = (name: string): string => (namespace === '' ? name : `shop/${name}`);
    expect(subjectsIn(text)).toEqual([
      { pod: pod('web-1'), image: IMAGE, messages: [WHY] },
      {
        pod: pod('api-1'),
        image: 'b.azurecr.io/api:2',
        messages: ['Failed to pull image "b.azurecr.io/api:2": no such host'],
      },
    ]);
  });

  it('of kubectl get events -o wide know their node', () => {
    const text = `LAST SEEN   TYPE      REASON   OBJECT      SUBOBJECT              SOURCE               MESSAGE   FIRST SEEN   COUNT   NAME
60s         Warning   Failed   pod/web-1   spec.containers{web}   kubelet, aks-pool-1   ${WHY}   2m           4       web-1.17aa`;
    expect(subjectsIn(text)).toEqual([{ pod: 'web-1', image: IMAGE, node: 'aks-pool-1', messages: [WHY] }]);
  });

  it('of plain words are those of each image that they name', () => {
    const other = 'Failed to pull image "b.azurecr.io/api:2": no such host';
    expect(subjectsIn(`${WHY}\n${other}`).map(({ image }) => image)).toEqual([IMAGE, 'b.azurecr.io/api:2']);
    expect(subjectsIn(`${WHY}\n${WHY}`)).toEqual([{ messages: [`${WHY}\n${WHY}`] }]);
  });

  it('of nonsense crash nothing', () => {
    for (const text of [
      'null',
      '[]',
      '{"items":[null,1,{"status":{"phase":1,"containerStatuses":[null]}}]}',
      'Events:\n',
      '',
    ])
      expect(Array.isArray(subjectsIn(text))).toBe(true);
  });
});
