/**
 * PATCH of a registry: what `az acr update`, `az acr network-rule` and `az acr config` end in (captures: azure-cli 2.45).
 * Form: Azure/azure-rest-api-specs, containerregistry.json (RegistryUpdateParameters).
 */
import { REGISTRY_TYPE } from '../cloud/arm-id.js';
import type { Registry } from '../cloud/model.js';
import type { SimulatorContext } from '../context.js';
import { NotModelled } from '../net/exchange.js';
import { ok, resourceId } from './call.js';
import type { Route } from './call.js';
import { registryBody } from './registries.js';
import { findInGroup, groupPath } from './resources.js';

/** What can be changed, by its name in `properties`; what a change may be is checked before anything is written. */
const CHANGES: Readonly<Record<string, (value: unknown) => (registry: Registry) => void>> = {
  roleAssignmentMode: (value) => {
    const roleAssignmentMode = oneOf(['LegacyRegistryPermissions', 'AbacRepositoryPermissions'], value);
    return (registry) => void (registry.roleAssignmentMode = roleAssignmentMode);
  },
  anonymousPullEnabled: (value) => {
    const open = value === true;
    if (!open && value !== false) throw unknownValue(value);
    return (registry) => void (registry.anonymousPullEnabled = open);
  },
  publicNetworkAccess: (value) => {
    const publicNetworkAccess = oneOf(['Enabled', 'Disabled'], value);
    return (registry) => void (registry.publicNetworkAccess = publicNetworkAccess);
  },
  networkRuleBypassOptions: (value) => {
    const bypass = oneOf(['AzureServices', 'None'], value);
    return (registry) => void (registry.trustedServices = bypass === 'AzureServices');
  },
  networkRuleSet: (value) => {
    const { defaultAction, ipRules, virtualNetworkRules, ...others } = value as Record<string, unknown>;
    const networks = virtualNetworkRules as unknown[] | null | undefined;
    if (Object.keys(others).length > 0 || (networks?.length ?? 0) > 0) throw unknownValue(value);
    const action = defaultAction === undefined ? undefined : oneOf(['Allow', 'Deny'], defaultAction);
    const rules = (ipRules as { value: string }[] | null | undefined)?.map((rule) => rule.value);
    return (registry) => {
      // Only Premium has network rules (https://learn.microsoft.com/azure/container-registry/container-registry-skus).
      if (registry.sku !== 'Premium')
        throw new NotModelled(`A network rule of a ${registry.sku} registry isn't.`);
      registry.networkDefaultAction = action ?? registry.networkDefaultAction;
      registry.ipRules = rules ?? registry.ipRules ?? [];
    };
  },
  policies: (value) => {
    // az writes all of them back as it read them; of the others none can be changed here.
    const { azureADAuthenticationAsArmPolicy: policy, ...others } = value as Record<
      string,
      { status?: unknown } | null | undefined
    >;
    const changed = Object.entries(others).find(
      ([name, other]) => (other?.status ?? UNCHANGED[name]) !== UNCHANGED[name],
    );
    if (changed !== undefined) throw unknownValue(value);
    const armAudienceTokens = oneOf(['enabled', 'disabled'], policy?.status);
    return (registry) => void (registry.armAudienceTokens = armAudienceTokens);
  },
};

/** Policies as every registry serves them (registries.ts). */
const UNCHANGED: Readonly<Record<string, string>> = {
  quarantinePolicy: 'disabled',
  trustPolicy: 'disabled',
  retentionPolicy: 'disabled',
  exportPolicy: 'enabled',
  softDeletePolicy: 'disabled',
};

export function registryChangeRoutes({ state }: SimulatorContext): Route[] {
  return [
    {
      name: 'PATCH registry',
      method: 'PATCH',
      path: `${groupPath}/providers/${REGISTRY_TYPE}/{name}`,
      since: '2017-10-01',
      source: 'captures: azure-cli 2.45; recording: acr.abac.recording.json',
      demand: (call) => ({ action: `${REGISTRY_TYPE}/write`, scope: resourceId(call) }),
      answer(call) {
        const found = findInGroup(state, call, state.registries, REGISTRY_TYPE);
        for (const change of changesIn(call.body)) change(found);
        return ok(registryBody(found, call.apiVersion), { 'api-supported-versions': call.apiVersion });
      },
    },
  ];
}

/** What is null stays as it is: clients write nulls for what they don't change. */
function changesIn(body: Buffer): ((registry: Registry) => void)[] {
  let document: { properties?: Record<string, unknown> } & Record<string, unknown>;
  try {
    document = JSON.parse(body.toString('utf8')) as typeof document;
  } catch {
    throw new NotModelled("A change of a registry that is no JSON isn't.");
  }
  const { properties = {}, ...others } = document;
  const given = Object.entries({ ...others, ...properties }).filter(([, value]) => !isNothing(value));
  return given.map(([key, value]) => {
    const change = CHANGES[key];
    if (change === undefined) throw new NotModelled(`A change of a registry's ${key} isn't.`);
    return change(value);
  });
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

function oneOf<const Word extends string>(words: readonly Word[], value: unknown): Word {
  const found = words.find((word) => word === value);
  if (found === undefined) throw unknownValue(value);
  return found;
}

function unknownValue(value: unknown): NotModelled {
  return new NotModelled(`A change of a registry to ${JSON.stringify(value)} isn't.`);
}
