/** Who gets to a cluster's API server by its names (https://learn.microsoft.com/azure/aks/private-clusters, api-server-authorized-ip-ranges). */
import { BlockList, isIPv6 } from 'node:net';
import type { CloudState, ManagedCluster } from './model.js';

/** Why there is no way to a name: it isn't known here, or nothing answers at its address. */
export type KeptOut = 'dns' | 'refused';

/** Every name of a cluster's API server, in lower case. */
export function apiServerNames({ fqdn, access }: ManagedCluster): string[] {
  return [fqdn, ...(access?.publicFqdn === undefined ? [] : [access.publicFqdn])].map((name) =>
    name.toLowerCase(),
  );
}

/**
 * What keeps the machine that runs what is tested from an API server, by one of its names; undefined: nothing. Packets
 * that a real network drops are refused here, so that nobody waits.
 */
export function keptOut(
  { runner }: Pick<CloudState, 'runner'>,
  { privateCluster, access = {}, fqdn }: ManagedCluster,
  name: string,
): KeptOut | undefined {
  const { runnerNetwork = 'outside', privateDns = 'system', authorizedIpRanges = [] } = access;
  if (privateCluster) {
    // The private name stands in the private zone alone; what public DNS knows leads to the private address too.
    const inZone = privateDns === 'system' && name === fqdn.toLowerCase();
    if (inZone && runnerNetwork !== 'linked') return 'dns';
    return runnerNetwork === 'outside' ? 'refused' : undefined;
  }
  if (authorizedIpRanges.length === 0) return undefined;
  const authorized = new BlockList();
  for (const range of authorizedIpRanges) {
    const [address = '', bits] = range.split('/');
    authorized.addSubnet(address, Number(bits ?? 32), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return authorized.check(runner.address ?? '') ? undefined : 'refused';
}
