/** Causes in what decides about pods: policies, quotas, admission. */
import type { Causes } from '../cause.js';
import { command } from '../commands.js';
import { fix } from '../fixes.js';

export const POLICY = {
  'image-policy-denied': {
    title: 'a policy does not allow this image',
    seen: 'An admission webhook denied the request because of the image or its signature. There is no pull event.',
    why: 'A policy allows only some registries or only signed images, so no pod was made.',
    fix: () =>
      fix(
        'Read which policy it is; use an image that it allows, sign it, or have the policy changed by its owner.',
        command('kubectl', 'get', 'constraints'),
      ),
    confirm: 'The pod is made.',
    sources: ['MicrosoftDocs AKS deployment safeguards article', 'Azure/notation-azure-kv#31'],
  },
  'admission-policy-denied': {
    title: 'a policy of the cluster refused the pod',
    seen: 'An admission webhook denied the request. There is no pull event.',
    why: 'A rule about pods, such as the deployment safeguards, stands against it. That says nothing about pulls.',
    fix: () =>
      fix(
        'Read which policy it is, and meet it or have its owner exempt the namespace.',
        command('kubectl', 'get', 'constraints'),
      ),
    confirm: 'The pod is made.',
    sources: ['MicrosoftDocs AKS deployment safeguards article', 'Azure/AKS#4459'],
  },
  'probe-refused': {
    title: 'the cluster refused the probe, so nothing could be pulled',
    seen: '"denied the request", "exceeded quota", "violates PodSecurity", in the words of the API server or of the Job.',
    why: 'A policy, a quota or admission control refused the pod before it could try. That says nothing about pulls.',
    fix: ({ refusedBy }) =>
      fix(
        refusedBy === undefined
          ? 'Read which policy or quota it was, and use a namespace where it does not apply (input namespace).'
          : `Use a namespace where ${refusedBy} does not apply (input namespace), or make room for the probe there: one pod of 100m CPU and 128 MiB, named aks-acr-pull-…, for the time of the pull.`,
      ),
    confirm: 'A check gets as far as the pull.',
    sources: [
      'kubernetes: apiserver/admission/plugin/webhook',
      'docs: kubernetes.io concepts/security/pod-security-admission',
    ],
  },
} as const satisfies Causes;
