/** Causes within the registry. */
import { roleForAction } from '../../azure/rights.js';
import { giveRole } from '../caller-rights.js';
import type { Causes } from '../cause.js';
import { command, inRegistry } from '../commands.js';
import { GRANT_ACTION, showRegistry } from '../fix-commands.js';
import { fix, say } from '../fixes.js';
import { PUSH_PAGE } from '../sources.js';

const READ_REGISTRY = 'Microsoft.ContainerRegistry/registries/read';

const LIST_REGISTRIES = command(
  'az',
  'acr',
  'list',
  '--query',
  '[].{name:name, loginServer:loginServer, group:resourceGroup}',
  '-o',
  'table',
);

export const REGISTRY = {
  'registry-locked': {
    title: 'the repository or the image is locked',
    seen: '"The operation is disallowed on this registry, repository or image".',
    why: 'Somebody set readEnabled to false on the tag or the repository.',
    fix: ({ registry, image }) =>
      fix(
        'Look at the lock, and take it off if it is not meant.',
        registry && image !== undefined
          ? command(
              'az',
              'acr',
              'repository',
              'show',
              ...inRegistry(registry),
              '--repository',
              image,
              '--query',
              'changeableAttributes',
            )
          : undefined,
      ),
    confirm: 'readEnabled is true.',
    sources: [PUSH_PAGE, 'docs: container-registry/container-registry-image-lock'],
  },
  'registry-full': {
    title: 'the registry has reached a limit of its tier',
    seen: '"The operation is disallowed on this registry, repository or image".',
    why: "A registry that has used up its tier's storage takes no more.",
    fix: ({ registry }) =>
      fix(
        'Look at its use, and make room or choose a higher tier.',
        registry && command('az', 'acr', 'show-usage', ...inRegistry(registry), '-o', 'table'),
      ),
    confirm: 'The use is below the limit.',
    sources: [PUSH_PAGE, 'docs: container-registry/container-registry-skus'],
  },
  'registry-cmk': {
    title: "the registry can't use its encryption key",
    seen: '"Access to Key Encryption Key is forbidden", "identity … is inactive".',
    why: "The registry's own key is disabled or gone, its vault is closed to it, or the identity that reads it was removed.",
    fix: (facts) =>
      fix('Enable the key, or give the registry its identity back.', showRegistry('encryption')(facts)),
    confirm: 'The registry answers again.',
    sources: [PUSH_PAGE, 'docs: container-registry/tutorial-troubleshoot-customer-managed-keys'],
  },
  'rate-limited-429-dockerhub': {
    title: 'Docker Hub throttles the nodes',
    seen: '"You have reached your pull rate limit".',
    why: 'All nodes share one outbound address, and Docker Hub counts anonymous pulls by address.',
    fix: ({ registry }) =>
      fix(
        'Copy the image into your own registry and pull it from there.',
        registry &&
          command('az', 'acr', 'import', ...inRegistry(registry), '--source', 'docker.io/REPOSITORY:TAG'),
      ),
    confirm: 'The copy pulls.',
    sources: ['kubevela/kubevela#695', 'docs: docker-hub/usage'],
  },
  'registry-not-found': {
    title: 'the registry was not found',
    seen: 'Code ResourceNotFound for the registry, or no registry of that name in any list.',
    why: 'No registry of that name exists where this login can see, or this login may not read it: Azure shows nobody what they may not read.',
    fix: ({ caller, wantedRegistry, writes, registryAnswers }) => {
      const role = roleForAction(writes === true ? GRANT_ACTION : READ_REGISTRY);
      if (caller === undefined || wantedRegistry === undefined || role === undefined) {
        return fix('Compare the name and the subscription with what is there.', LIST_REGISTRIES);
      }
      const elsewhere =
        registryAnswers === true
          ? ' A registry does answer by that name: if it belongs to another tenant, no managed identity of this one can pull from it (see registry-in-another-tenant).'
          : '';
      return fix(
        `Compare the name with what is there (first command). If it is right, have the login (object id ${caller.objectId}) given ${role.role} at the registry (second command).${elsewhere}`,
        LIST_REGISTRIES,
        giveRole(role, caller, {
          ask: `az acr list --query "[?loginServer=='${wantedRegistry}' || name=='${wantedRegistry}'].id" -o tsv`,
          literal: `<id of ${wantedRegistry}>`,
        }),
      );
    },
    confirm: 'az acr show -n NAME prints the registry.',
    sources: [
      'docs: azure-resource-manager common-deployment-errors',
      'docs: container-registry/container-registry-get-started-azure-cli',
    ],
  },
  'probe-image-not-imported': {
    title: 'the registry could not copy the probe image',
    seen: "An error of the registry's importImage.",
    why: "With import-probe-image the registry fetches a tiny image from Microsoft's public registry by itself. One whose network rules keep out trusted Azure services refuses its own service too; one that is full, or busy with another change, refuses as well.",
    fix: ({ registry }) =>
      fix(
        'If the registry is restricted to some networks, let trusted Azure services in (first command shows it, the second does it). Else name an image that is there, by input image.',
        ...(registry === undefined
          ? []
          : [
              command(
                'az',
                'acr',
                'show',
                ...inRegistry(registry),
                '--query',
                'networkRuleBypassOptions',
                '-o',
                'tsv',
              ),
              command('az', 'acr', 'update', ...inRegistry(registry), '--allow-trusted-services', 'true'),
            ]),
      ),
    confirm: 'az acr repository show-tags -n NAME --repository aks-acr-pull/probe prints the tag.',
    sources: [
      'docs: container-registry/container-registry-import-images',
      'docs: container-registry/allow-access-trusted-services',
    ],
  },
  'rate-limited-429': {
    title: 'the registry throttles',
    seen: '"429 Too Many Requests".',
    why: 'Too many requests reached the registry at once, more than its tier takes.',
    fix: say('Run this again later; a higher tier takes more.'),
    confirm: 'The same pull passes later.',
    sources: ['docs: container-registry/container-registry-skus', 'Azure/AKS#1400'],
  },
  'registry-5xx': {
    title: 'the registry failed',
    seen: '500 to 504 from the login server.',
    why: 'The registry answered with a server error.',
    fix: say("Run this again; look at Azure's service health if it stays."),
    confirm: 'The same pull passes later.',
    sources: [
      'docs: container-registry/container-registry-troubleshoot-performance',
      'capture: events-nocred.json',
    ],
  },
} as const satisfies Causes;
