import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lastEvent, pullOutcome } from '../../../src/core/kubernetes/outcome.js';
import { DIGEST, status } from './support.js';

const REFUSAL = 'failed to resolve image: pull access denied';
const IMAGE = 'contoso.azurecr.io/app:v1';

function pod(now: Record<string, unknown>, container: Record<string, unknown> = {}): unknown {
  return {
    metadata: { name: 'p', uid: 'u' },
    spec: {
      nodeName: 'node1',
      containers: [{ name: 'pull', image: IMAGE, imagePullPolicy: 'Always', ...container }],
    },
    status: { phase: 'Pending', ...now },
  };
}

const event = (reason: string, message: string, more: Record<string, unknown> = {}): unknown => ({
  reason,
  message,
  firstTimestamp: '2026-01-01T00:00:02Z',
  lastTimestamp: '2026-01-01T00:00:02Z',
  involvedObject: { uid: 'u', fieldPath: 'spec.containers{pull}' },
  ...more,
});
const FAILED = event('Failed', `Failed to pull image "${IMAGE}": ${REFUSAL}`);
const read = (now: Record<string, unknown>, events: unknown[] = [], node?: unknown) =>
  pullOutcome(pod(now), events, 'pull', node);

describe('pullOutcome: pulled', () => {
  it.each([
    ['StartError', status.startError()],
    ['running', { containerStatuses: [{ name: 'pull', state: { running: {} } }] }],
    ['CreateContainerConfigError', status.waiting('CreateContainerConfigError', 'image will run as root')],
    ['RunContainerError', status.waiting('RunContainerError')],
  ])('%s comes after a good pull', (_name, now) => {
    expect(read(now)).toMatchObject({ state: 'pulled', startedPulling: true, node: 'node1' });
  });

  it('believes the Pulled event, even when the status lags or is lost', () => {
    const pulled = event('Pulled', `Successfully pulled image "${IMAGE}" in 1s`);
    expect(read(status.waiting('ContainerCreating'), [pulled]).state).toBe('pulled');
    expect(read(status.lost(), [pulled]).state).toBe('pulled');
  });

  it('counts a late success after refusals', () => {
    expect(read(status.startError(), [FAILED]).state).toBe('pulled');
  });

  it('takes the digest from imageID or else from the image, never the digest of a configuration', () => {
    expect(read(status.startError()).digest).toBe(DIGEST);
    const bare = { containerStatuses: [{ name: 'pull', imageID: DIGEST, state: { running: {} } }] };
    expect(read(bare)).not.toHaveProperty('digest');
    expect(pullOutcome(pod(bare, { image: `contoso.azurecr.io/app@${DIGEST}` }), [], 'pull').digest).toBe(
      DIGEST,
    );
  });

  it('does not believe a policy other than Always, or an image that was already present', () => {
    expect(pullOutcome(pod(status.startError(), { imagePullPolicy: 'IfNotPresent' }), [], 'pull').state).toBe(
      'probe-refused',
    );
    const present = event('Pulled', `Container image "${IMAGE}" already present on machine`);
    expect(read(status.startError(), [present]).state).toBe('probe-refused');
  });

  it('does not believe a container that never existed', () => {
    const killed = {
      containerStatuses: [{ name: 'pull', state: { terminated: { exitCode: 137, reason: 'Error' } } }],
    };
    expect(read(killed).state).toBe('pending');
    expect(read(status.lost()).state).toBe('pending');
    const lost = {
      name: 'pull',
      containerID: 'c',
      state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
    };
    expect(read({ containerStatuses: [lost] }).state).toBe('pending');
  });
});

describe('pullOutcome: what is proved', () => {
  const node = (count: number, name: string, size = 100): unknown => ({
    status: {
      images: Array.from({ length: count }, (_, index) => ({
        names: [`${name}${index === 0 ? DIGEST : ''}`],
        sizeBytes: size,
      })),
    },
  });
  const sized = (bytes: number): unknown =>
    event(
      'Pulled',
      `Successfully pulled image "${IMAGE}" in 1s (1s including waiting). Image size: ${bytes} bytes.`,
    );

  it.each<[string, unknown, unknown[], 'content' | 'manifest']>([
    ["the node's list lacks the digest", node(3, 'x@sha256:0'), [], 'content'],
    ['the node had it, under any repository', node(3, 'elsewhere.io/y@'), [], 'manifest'],
    ['the node could not be read', undefined, [], 'manifest'],
    ["the node's list is empty", node(0, ''), [], 'manifest'],
    ['the list is cut off and no event tells the size', node(50, 'x@sha256:0'), [], 'manifest'],
    ['the list is cut off and the image would be in it', node(50, 'x@sha256:0'), [sized(101)], 'content'],
    [
      'the list is cut off and the image is too small for it',
      node(50, 'x@sha256:0'),
      [sized(100)],
      'manifest',
    ],
    ['only the event tells a size, which is not what came', undefined, [sized(1_000_000)], 'manifest'],
  ])('%s', (_name, before, events, proved) => {
    expect(read(status.startError(), events, before)).toMatchObject({ state: 'pulled', proved });
  });

  it('cannot tell without a digest', () => {
    expect(read(status.waiting('RunContainerError'), [], node(3, 'x@sha256:0')).proved).toBe('manifest');
  });
});

describe('pullOutcome: refused', () => {
  it('takes the message from the status', () => {
    expect(read(status.waiting('ErrImagePull', REFUSAL))).toMatchObject({
      state: 'refused',
      message: REFUSAL,
      startedPulling: true,
    });
  });

  it('finds the reason inside a back-off (kubelet 1.36), and says none where there is none (1.20)', () => {
    expect(
      read(status.waiting('ImagePullBackOff', `Back-off pulling image "${IMAGE}": ErrImagePull: ${REFUSAL}`))
        .message,
    ).toBe(REFUSAL);
    const silent = read(status.waiting('ImagePullBackOff', `Back-off pulling image "${IMAGE}"`));
    expect(silent.state).toBe('refused');
    expect(silent).not.toHaveProperty('message');
  });

  it.each([
    ['ImagePullBackOff', status.waiting('ImagePullBackOff', `Back-off pulling image "${IMAGE}"`)],
    ['ContainerCreating', status.waiting('ContainerCreating')],
    ["the Job's deadline", status.lost()],
  ])('keeps the first refusal of the events when the status flips to %s', (_name, now) => {
    const later = event('Failed', `Failed to pull image "${IMAGE}": another`, {
      firstTimestamp: '2026-01-01T00:00:09Z',
    });
    expect(read(now, [later, FAILED])).toMatchObject({ state: 'refused', message: REFUSAL });
  });

  it.each([
    'InvalidImageName',
    'ErrImageNeverPull',
    'ImageInspectError',
    'RegistryUnavailable',
    'SignatureValidationFailed',
  ])('%s is one too', (reason) => {
    expect(read(status.waiting(reason, 'why')).state).toBe('refused');
  });

  it('counts neither another container nor another pod', () => {
    const sidecar = {
      containerStatuses: [{ name: 'proxy', state: { waiting: { reason: 'ErrImagePull', message: 'x' } } }],
    };
    const others = [
      event('Failed', `Failed to pull image "proxy": x`, {
        involvedObject: { uid: 'u', fieldPath: 'spec.containers{proxy}' },
      }),
      event('Failed', `Failed to pull image "${IMAGE}": x`, {
        involvedObject: { uid: 'former', name: 'p', fieldPath: 'spec.containers{pull}' },
      }),
    ];
    expect(read(sidecar, others).state).toBe('pending');
  });
});

describe('pullOutcome: the rest', () => {
  it('tells a pull that has begun from one that has not', () => {
    expect(read(status.waiting('ContainerCreating'))).toMatchObject({
      state: 'pending',
      startedPulling: false,
    });
    expect(read(status.waiting('ContainerCreating'), [event('Pulling', 'Pulling image')])).toMatchObject({
      state: 'pending',
      startedPulling: true,
    });
  });

  it("gives the scheduler's words", () => {
    expect(read(status.unschedulable('0/3 nodes are available'))).toMatchObject({
      state: 'unschedulable',
      message: '0/3 nodes are available',
    });
  });

  it('gives the words of a node that turned the pod away, but not of our own deadline', () => {
    expect(read({ phase: 'Failed', reason: 'OutOfcpu', message: 'Node did not have enough' })).toMatchObject({
      state: 'probe-refused',
      message: 'OutOfcpu: Node did not have enough',
    });
    expect(read({ phase: 'Failed', reason: 'DeadlineExceeded' }).state).toBe('pending');
  });

  it('reads anything without a crash', () => {
    const odd = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom(
            'metadata',
            'spec',
            'status',
            'containers',
            'containerStatuses',
            'state',
            'waiting',
            'terminated',
            'images',
            'names',
            'conditions',
            'name',
          ),
          tie('value'),
        ),
        fc.array(tie('value')),
      ),
    })).value;
    fc.assert(
      fc.property(odd, fc.array(odd), odd, (value, events, node) => {
        expect(['pending', 'pulled', 'refused', 'probe-refused', 'unschedulable']).toContain(
          pullOutcome(value, events, 'pull', node).state,
        );
        lastEvent(events);
      }),
    );
  });

  it('finds the last event by time', () => {
    const last = event('FailedMount', 'waiting', { lastTimestamp: '2026-01-01T00:00:08Z' });
    expect(lastEvent([last, event('Pulling', 'Pulling image')])).toBe('FailedMount: waiting');
    expect(lastEvent([])).toBeUndefined();
  });
});
