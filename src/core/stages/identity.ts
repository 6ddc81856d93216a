/**
 * A closer look at the kubelet identity: only once a node was refused though access is right, so that a run that goes well
 * pays nothing for it. Each fact is optional, and is skipped with the right that it would need.
 */
import { ArmError } from '../azure/arm.js';
import type { Cluster } from '../azure/cluster.js';
import type { Registry } from '../azure/registry.js';
import { DIRECTORY_RIGHT } from '../azure/rights.js';
import { clustersSharing, mayBeShared } from '../azure/shared-identity.js';
import { readScaleSets } from '../azure/scale-sets.js';
import type { ScaleSet } from '../azure/scale-sets.js';
import type { AzureSession } from '../azure/session.js';
import { command, inRegistry } from '../diagnosis/commands.js';
import { explainError } from '../diagnosis/explain.js';
import type { PullFacts } from '../diagnosis/explain.js';
import { HttpFault } from '../ports.js';
import { begun } from '../telling.js';
import type { Telling } from '../telling.js';

/**
 * Tells whether the identity still exists and whether the nodes' scale sets hold it; two requests, side by side.
 *
 * @param principalId object id of the identity
 * @returns what it means for the refusal
 */
export async function lookAtIdentity(
  cluster: Cluster,
  registry: Pick<Registry, 'id' | 'name' | 'armAudienceTokens'>,
  principalId: string,
  azure: AzureSession,
  telling: Telling,
): Promise<Partial<PullFacts>> {
  const since = telling.now();
  const looked = begun(azure.graph.servicePrincipal({ objectId: principalId }));
  const read = begun(readScaleSets(azure.arm, cluster));
  const exists = `the kubelet identity of ${cluster.name} is in the directory`;
  const inDirectory = await looked();
  if (inDirectory.outcome === 'unseen') {
    telling.tell(
      'identity-in-directory',
      exists,
      { status: 'skip', evidence: `${inDirectory.because}; it would need ${DIRECTORY_RIGHT}` },
      since,
    );
  } else if (inDirectory.outcome === 'none') {
    telling.tell(
      'identity-in-directory',
      exists,
      {
        status: 'fail',
        cause: 'kubelet-identity-missing',
        evidence: `the directory knows no principal ${principalId}: it was deleted, or made again under another id`,
      },
      since,
    );
  } else telling.pass('identity-in-directory', exists, `object id ${principalId}`, since);
  const onNodes = await tellScaleSets(cluster, read, telling, since);
  if (!registry.armAudienceTokens) tellAudience(registry, telling);
  if (inDirectory.outcome === 'none') return { identityOnNodes: false };
  return onNodes === undefined ? {} : { identityOnNodes: onNodes };
}

/** @returns undefined when nobody can tell */
async function tellScaleSets(
  cluster: Cluster,
  read: () => Promise<ScaleSet[] | undefined>,
  telling: Telling,
  since: number,
): Promise<boolean | undefined> {
  const title = `the nodes of ${cluster.name} hold its kubelet identity`;
  let sets: ScaleSet[] | undefined;
  try {
    sets = await read();
  } catch (error) {
    if (!(error instanceof ArmError) && !(error instanceof HttpFault && error.kind !== 'aborted'))
      throw error;
    const told = explainError(error, telling.facts, 'cluster');
    telling.tell('identity-on-nodes', title, { ...told, status: 'skip' }, since);
    return undefined;
  }
  if (sets === undefined || sets.length === 0) {
    const why =
      cluster.identity.kind === 'service-principal'
        ? 'they pull as a service principal, whose secret is on each of them'
        : 'Azure lists no scale set of theirs';
    telling.tell('identity-on-nodes', title, { status: 'skip', evidence: why }, since);
    return undefined;
  }
  const lacking = sets.filter(({ holdsIdentity }) => !holdsIdentity).map(({ name }) => name);
  if (lacking.length === 0) {
    telling.pass('identity-on-nodes', title, `${sets.length} of ${sets.length} scale sets hold it`, since);
    return true;
  }
  telling.tell(
    'identity-on-nodes',
    title,
    {
      status: 'fail',
      cause: 'kubelet-identity-missing',
      evidence: `scale sets without it: ${lacking.join(', ')}. A cluster that was moved from a service principal keeps that on its nodes until they are made anew`,
    },
    since,
  );
  return false;
}

/**
 * Nodes with an older credential provider show the registry a token for ARM (kubernetes-sigs/cloud-provider-azure issue
 * 8592; today's provider asks for the registries' own audience). Which one a node has, nobody says here.
 */
function tellAudience(registry: Pick<Registry, 'id' | 'name'>, telling: Telling): void {
  const { name } = registry;
  const named = telling.facts.registry ?? registry;
  telling.finding({
    id: 'arm-audience-off',
    title: `registry ${name} takes no tokens that are meant for Azure Resource Manager`,
    evidence:
      'azureADAuthenticationAsArmPolicy is disabled, and nodes with an older image show it just such a token',
    fix: {
      summary: 'Upgrade the node images; or, until then, let the registry take these tokens.',
      commands: [
        command(
          ...['az', 'acr', 'config', 'authentication-as-arm', 'update', ...inRegistry(named, '-r')],
          ...['--status', 'enabled'],
        ).pasteable,
      ],
    },
  });
}

/**
 * Begins to look for other clusters with the same identity: they get the right too. Nothing is asked where AKS made the
 * identity for this cluster alone.
 *
 * @returns tells what was found; to be called where waiting for it costs nothing
 */
export function lookForSharing(cluster: Cluster, azure: AzureSession, telling: Telling): () => Promise<void> {
  if (!mayBeShared(cluster)) return async () => undefined;
  const since = telling.now();
  const read = begun(clustersSharing(azure.arm, cluster));
  return async () => {
    let names: string[];
    try {
      names = await read();
    } catch (error) {
      if (!(error instanceof ArmError) && !(error instanceof HttpFault && error.kind !== 'aborted'))
        throw error;
      const told = { ...explainError(error, telling.facts, 'cluster'), status: 'skip' as const };
      telling.tell(
        'other-clusters',
        `other clusters with the kubelet identity of ${cluster.name} are known`,
        told,
        since,
      );
      return;
    }
    if (names.length === 0) return;
    telling.finding({
      id: 'identity-shared',
      title: 'other clusters use the same kubelet identity, so they may pull as well',
      evidence: names.join(', '),
    });
  };
}
