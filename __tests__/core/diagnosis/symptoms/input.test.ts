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
