/** Whom a registry's network rules let in (https://learn.microsoft.com/azure/container-registry/container-registry-access-selected-networks). */
import { BlockList } from 'node:net';
import type { Registry } from '../cloud/model.js';

/** Whether a client gets to a registry. @param address public IPv4 address that it comes from; what is none is on no rule */
export function letsIn(
  { publicNetworkAccess, networkDefaultAction, ipRules = [] }: Registry,
  address: string,
): boolean {
  if (publicNetworkAccess === 'Disabled') return false;
  if (networkDefaultAction === 'Allow') return true;
  const allowed = new BlockList();
  for (const rule of ipRules) {
    const [network = '', bits = '32'] = rule.split('/');
    allowed.addSubnet(network, Number(bits), 'ipv4');
  }
  return allowed.check(address);
}
