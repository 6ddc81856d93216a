/** An Azure Container Registry as ARM describes it, and how to find one. */
import { asBoolean, asList, asText, at } from '../json.js';
import type { RegistryRef } from '../request.js';
import { ArmError } from './arm.js';
import type { Arm } from './arm.js';
import { parseArmId, registryId } from './arm-id.js';

/** The first stable version that shows roleAssignmentMode; older ones leave it out, and then it is unknown. */
export const REGISTRY_API_VERSION = '2025-11-01';
const RESOURCE_GRAPH_API_VERSION = '2022-10-01';

export type RoleAssignmentMode = 'LegacyRegistryPermissions' | 'AbacRepositoryPermissions' | 'unknown';

export interface Registry {
  id: string;
  subscriptionId: string;
  resourceGroup: string;
  name: string;
  /** As ARM gives it, lower-case; never composed. */
  loginServer: string;
  sku: string;
  mode: RoleAssignmentMode;
  anonymousPull: boolean;
  publicNetworkAccess: string;
  /** Addresses are refused unless a rule lets them in. */
  networkRestricted: boolean;
  /** Whether its exchange takes tokens for ARM's audience. */
  armAudienceTokens: boolean;
}

/** No registry of that name can be seen with this login. */
export class RegistryNotFound extends Error {
  override readonly name = 'RegistryNotFound';
}

/** Where a registry is; its facts too, where finding it brought them. */
export interface Located {
  id: string;
  registry?: Registry;
}

/**
 * Finds a registry: by id without a request; by name or login server in the subscription's list, which brings its facts,
 * and where that doesn't hold it through Resource Graph in every subscription that this login can read.
 *
 * @param subscriptionId where to look first for what isn't given by id
 * @throws {ArmError} @throws {RegistryNotFound}
 */
export async function locateRegistry(arm: Arm, ref: RegistryRef, subscriptionId: string): Promise<Located> {
  if (ref.by === 'id') return { id: registryId(ref) };
  const listed = await listOrRefusal(arm, subscriptionId);
  const here = listed.registries.find((registry) =>
    ref.by === 'name'
      ? registry.name.toLowerCase() === ref.name.toLowerCase()
      : registry.loginServer === ref.loginServer,
  );
  if (here !== undefined) return { id: here.id, registry: here };
  const elsewhere = await searchEverywhere(arm, ref);
  if (elsewhere === undefined) {
    throw (
      listed.refusal ??
      new RegistryNotFound(
        `no registry ${ref.text} in subscription ${subscriptionId}, nor in any other subscription that this login can read`,
      )
    );
  }
  return { id: elsewhere };
}

/**
 * The subscription's registries. A login with rights on single registries may not list them all; Resource Graph still
 * shows what it can read, so that refusal is only kept for when that finds nothing either.
 */
async function listOrRefusal(
  arm: Arm,
  subscriptionId: string,
): Promise<{ registries: Registry[]; refusal?: ArmError }> {
  const path = `/subscriptions/${subscriptionId}/providers/Microsoft.ContainerRegistry/registries`;
  try {
    const listed = await arm.list(
      path,
      REGISTRY_API_VERSION,
      `list the registries of subscription ${subscriptionId}`,
    );
    return { registries: listed.flatMap((body) => parseRegistry(body) ?? []) };
  } catch (error) {
    if (error instanceof ArmError && error.status === 403) return { registries: [], refusal: error };
    throw error;
  }
}

/** Reads a registry by id. @throws {ArmError} */
export async function readRegistry(arm: Arm, id: string): Promise<Registry> {
  const attempted = `read registry ${parseArmId(id)?.name ?? id}`;
  const registry = parseRegistry(await arm.get(id, REGISTRY_API_VERSION, attempted));
  if (registry === undefined) throw new ArmError(attempted, 200, '', 'the answer is no container registry');
  return registry;
}

/**
 * Resource Graph answers for all subscriptions at once, but only with what this login can read, and late.
 * Shape: recording resourceGraph.json.
 */
async function searchEverywhere(
  arm: Arm,
  ref: Exclude<RegistryRef, { by: 'id' }>,
): Promise<string | undefined> {
  // Both values were held against strict patterns when the input was read: neither can hold a quote.
  const filter =
    ref.by === 'name'
      ? `where name =~ '${ref.name}'`
      : `where properties.loginServer =~ '${ref.loginServer}'`;
  const query = `Resources | where type =~ 'microsoft.containerregistry/registries' | ${filter} | project id, name`;
  const body = await arm.post(
    '/providers/Microsoft.ResourceGraph/resources',
    RESOURCE_GRAPH_API_VERSION,
    { query, options: { resultFormat: 'objectArray' } },
    `search registry ${ref.text} in all subscriptions`,
  );
  return asText(at(asList(at(body, 'data'))[0], 'id'));
}

/** A registry's body → facts; undefined when it isn't one. Shapes: recording registries.GET.variants.json. */
export function parseRegistry(body: unknown): Registry | undefined {
  const id = asText(at(body, 'id'));
  const parts = id === undefined ? undefined : parseArmId(id);
  const properties = at(body, 'properties');
  const loginServer = asText(at(properties, 'loginServer'))?.toLowerCase();
  if (id === undefined || parts === undefined || loginServer === undefined) return undefined;
  const mode = asText(at(properties, 'roleAssignmentMode'));
  const publicNetworkAccess = asText(at(properties, 'publicNetworkAccess'));
  return {
    id,
    ...parts,
    name: asText(at(body, 'name')) ?? parts.name,
    loginServer,
    sku: asText(at(body, 'sku', 'name')) ?? '',
    mode: mode === 'LegacyRegistryPermissions' || mode === 'AbacRepositoryPermissions' ? mode : 'unknown',
    anonymousPull: asBoolean(at(properties, 'anonymousPullEnabled')) ?? false,
    publicNetworkAccess: publicNetworkAccess ?? 'Enabled',
    networkRestricted:
      publicNetworkAccess === 'Disabled' ||
      asText(at(properties, 'networkRuleSet', 'defaultAction')) === 'Deny',
    armAudienceTokens:
      asText(at(properties, 'policies', 'azureADAuthenticationAsArmPolicy', 'status')) !== 'disabled',
  };
}
