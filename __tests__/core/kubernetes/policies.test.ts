import { describe, expect, it } from '@jest/globals';
import { isAdmission, isQuota, refusedBy } from '../../../src/core/kubernetes/policies.js';

describe('refusedBy', () => {
  it.each<[string, string | undefined]>([
    [
      'jobs.batch "x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=5, limited: pods=5',
      'the quota "compute"',
    ],
    [
      'pods "x" is forbidden: failed quota: compute: must specify limits.cpu for: pull',
      'the quota "compute"',
    ],
    [
      'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
      'Pod Security "restricted:latest"',
    ],
    [
      'admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy-a-1] no latest\n[own-2] no probe',
      'the constraint "azurepolicy-a-1", the constraint "own-2"',
    ],
    [
      "admission webhook \"validate.kyverno.svc-fail\" denied the request: \n\nresource Job/default/x was blocked due to the following policies \n\nno-latest:\n  autogen-tag: 'validation error: no'\nlimits:\n  autogen-limits: 'no'\n",
      'the Kyverno policy "no-latest", the Kyverno policy "limits"',
    ],
    [
      "pods \"x\" is forbidden: ValidatingAdmissionPolicy 'images' with binding 'images-all' denied request: no",
      'the ValidatingAdmissionPolicy "images"',
    ],
    [
      'Internal error occurred: failed calling webhook "v.example.com": failed to call webhook: Post "https://x": EOF',
      'the failing webhook "v.example.com"',
    ],
    ['admission webhook "v.example.com" denied the request: no', 'the admission webhook "v.example.com"'],
    [
      'pods "x" is forbidden: maximum cpu usage per Container is 50m, but limit is 100m',
      'a LimitRange of the namespace',
    ],
    ['pods "x" is forbidden: no reason given', undefined],
    ['', undefined],
  ])('%s → %s', (words, name) => {
    expect(refusedBy(words)).toBe(name);
  });
});

it('tells a full quota from one that wants something else', () => {
  expect(isQuota('pods "x" is forbidden: exceeded quota: q, requested: pods=1')).toBe(true);
  expect(isQuota('pods "x" is forbidden: failed quota: q: must specify limits.cpu')).toBe(false);
});

it('tells admission from authorisation', () => {
  expect(isAdmission('admission webhook "w" denied the request: User cannot create resource')).toBe(true);
  expect(isAdmission('jobs.batch is forbidden: User "ci" cannot create resource "jobs"')).toBe(false);
});
