/** Which pools a workload can land on: selectors, affinity, taints and systems, known and unknown labels. */
import { describe, expect, it } from '@jest/globals';
import type { NodePool } from '../../../src/core/azure/cluster.js';
import type { Workload } from '../../../src/core/deployables/model.js';
import { landsOn } from '../../../src/core/deployables/placement.js';

const pool = (more: Partial<NodePool> = {}): NodePool => ({
  name: 'apps',
  os: 'linux',
  architecture: 'amd64',
  count: 1,
  autoscaled: false,
  taints: [],
  labels: { team: 'shop', size: '8' },
  ...more,
});
const workload = (more: Partial<Workload> = {}): Workload => ({
  kind: 'Deployment',
  name: 'web',
  place: { file: 'a.yaml' },
  nodeSelector: {},
  nodeAffinity: [],
  tolerations: [],
  pullSecrets: [],
  serviceAccount: 'default',
  ...more,
});
const needs = (key: string, operator: string, ...values: string[]): Partial<Workload> => ({
  nodeAffinity: [[{ key, operator, values }]],
});

describe('what Azure tells of the pool', () => {
  it.each<[string, Partial<Workload>, Partial<NodePool>, boolean | 'unknown']>([
    ['nothing is asked', {}, {}, true],
    ['its system', { os: 'windows' }, {}, false],
    ['its system by label', { nodeSelector: { 'kubernetes.io/os': 'linux' } }, {}, true],
    ['another architecture', { nodeSelector: { 'kubernetes.io/arch': 'arm64' } }, {}, false],
    ['its name', { nodeSelector: { 'kubernetes.azure.com/agentpool': 'apps' } }, {}, true],
    ['another pool by name', { nodeSelector: { agentpool: 'gpu' } }, {}, false],
    ['a label of the pool', { nodeSelector: { team: 'shop' } }, {}, true],
    ['another value of it', { nodeSelector: { team: 'pay' } }, {}, false],
    ['a label that nobody told of', { nodeSelector: { zone: '1' } }, {}, 'unknown'],
    ['one that holds and one that nobody told of', { nodeSelector: { team: 'pay', zone: '1' } }, {}, false],
    ['In', needs('team', 'In', 'pay', 'shop'), {}, true],
    ['NotIn', needs('team', 'NotIn', 'shop'), {}, false],
    ['Exists', needs('team', 'Exists'), {}, true],
    ['DoesNotExist', needs('team', 'DoesNotExist'), {}, false],
    ['Gt', needs('size', 'Gt', '4'), {}, true],
    ['Lt', needs('size', 'Lt', '4'), {}, false],
    ['an operator of tomorrow', needs('team', 'Like', 's*'), {}, 'unknown'],
    [
      'one of two terms',
      {
        nodeAffinity: [
          [{ key: 'team', operator: 'In', values: ['pay'] }],
          [{ key: 'size', operator: 'Exists', values: [] }],
        ],
      },
      {},
      true,
    ],
    ['a taint', {}, { taints: ['sku=gpu:NoSchedule'] }, false],
    ['a taint that is only a wish', {}, { taints: ['sku=gpu:PreferNoSchedule'] }, true],
    [
      'a taint, tolerated',
      { tolerations: [{ key: 'sku', value: 'gpu', effect: 'NoSchedule' }] },
      { taints: ['sku=gpu:NoSchedule'] },
      true,
    ],
    [
      'a taint, tolerated by all',
      { tolerations: [{ operator: 'Exists' }] },
      { taints: ['sku=gpu:NoExecute'] },
      true,
    ],
    [
      'a taint of another value',
      { tolerations: [{ key: 'sku', value: 'arm' }] },
      { taints: ['sku=gpu:NoSchedule'] },
      false,
    ],
    [
      'a taint of another effect',
      { tolerations: [{ key: 'sku', operator: 'Exists', effect: 'NoExecute' }] },
      { taints: ['sku=gpu:NoSchedule'] },
      false,
    ],
    ['a node that is named', { nodeName: 'aks-apps-0' }, {}, 'unknown'],
    [
      'a provisioned pool of any architecture',
      { nodeSelector: { 'kubernetes.io/arch': 'arm64' } },
      { provisioned: true },
      'unknown',
    ],
  ])('%s', (_what, asked, told, lands) => {
    expect(landsOn(workload(asked), pool(told))).toBe(lands);
  });
});

describe('what the nodes tell', () => {
  const nodes = [
    { name: 'a', labels: { zone: '1' } },
    { name: 'b', labels: { zone: '2' } },
  ];
  it.each<[string, Partial<Workload>, boolean]>([
    ['one node is enough', { nodeSelector: { zone: '2' } }, true],
    ['none has it', { nodeSelector: { zone: '3' } }, false],
    ['a label that none has', { nodeSelector: { team: 'shop' } }, false],
    ['each half on another node', needs('zone', 'DoesNotExist'), false],
    ['a node by its name', { nodeName: 'b' }, true],
    ['a node of another pool', { nodeName: 'c' }, false],
    ['a node by its field', needs('metadata.name', 'In', 'a'), true],
  ])('%s', (_what, asked, lands) => {
    expect(landsOn(workload(asked), pool(), nodes)).toBe(lands);
  });
});
