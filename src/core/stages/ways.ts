/**
 * A closer look at the private ways to a registry: only once a pull failed on the way there, so that a run that goes well
 * pays nothing for it. What can't be read is skipped with the right that it would need.
 */
import { ArmError } from '../azure/arm.js';
import type { Arm } from '../azure/arm.js';
import { lastPart } from '../azure/arm-id.js';
import type { Cluster } from '../azure/cluster.js';
import { readNodesWays, unlinked } from '../azure/private-endpoints.js';
import type { Registry } from '../azure/registry.js';
import { explainError } from '../diagnosis/explain.js';
import type { PullFacts } from '../diagnosis/explain.js';
import { fix } from '../diagnosis/fixes.js';
import { linkZone } from '../diagnosis/commands.js';
import { optional } from '../json.js';
import { HttpFault } from '../ports.js';
import type { Telling } from '../telling.js';

/**
 * Tells whether the nodes' network is linked to the DNS zones of the registry's private endpoints. Where it isn't, its name
 * leads the nodes to its public address, which a registry with private endpoints mostly keeps shut
 * (https://learn.microsoft.com/azure/container-registry/container-registry-private-link). Nothing is asked where there is
 * no private endpoint.
 *
 * What would mend it is kept for the fixes of the pulls.
 *
 * @returns nothing that would decide a refusal: what the way means for a pull stands in the node's own words
 */
export async function lookAtWays(
  cluster: Cluster,
  registry: Pick<Registry, 'id' | 'loginServer' | 'privateEndpoints'>,
  arm: Pick<Arm, 'get' | 'list'>,
  telling: Telling,
): Promise<Partial<PullFacts>> {
  if (registry.privateEndpoints === 0) return {};
  const since = telling.now();
  const title = `the nodes of ${cluster.name} find ${registry.loginServer} at its private endpoints`;
  try {
    const { ways, networks, missingLink, nameless } = await readNodesWays(arm, registry.id, cluster);
    Object.assign(
      telling.facts,
      optional('missingLink', missingLink),
      optional('namelessEndpoint', nameless),
    );
    const endpoints = ways.map(({ endpoint, state }) => `${endpoint} (${state})`).join(', ');
    if (networks === undefined) {
      const evidence = `Azure lists no network of the nodes; private endpoints ${endpoints}`;
      telling.tell('private-dns', title, { status: 'skip', evidence }, since);
      return {};
    }
    const apart = unlinked(networks, ways).map(lastPart);
    const seen = `private endpoints ${endpoints}; networks of the nodes ${networks.map(lastPart).join(', ')}`;
    if (apart.length === 0) telling.pass('private-dns', title, `${seen}, linked to their DNS zones`, since);
    else {
      const link = fix(
        `Link ${apart.join(', ')} to the private DNS zone of the endpoint; it needs a way to the endpoint too, its own network or a peering.`,
        missingLink && linkZone(missingLink),
      );
      const evidence = `${seen}; not linked to their DNS zones: ${apart.join(', ')}`;
      telling.tell('private-dns', title, { status: 'warn', evidence, fix: link }, since);
    }
  } catch (error) {
    if (!(error instanceof ArmError) && !(error instanceof HttpFault && error.kind !== 'aborted'))
      throw error;
    const { evidence, fix: right } = explainError(error, telling.facts, 'registry');
    telling.tell('private-dns', title, { status: 'skip', evidence, fix: right }, since);
  }
  return {};
}
