/** What a host or an address that a message names is to a pull. */
import { isIP } from 'node:net';
import type { Address, Host, HostKind } from './symptom.js';

/**
 * Names of Azure's clouds for registries and blobs (docs: articles/container-registry/container-registry-firewall-access-rules.md;
 * facts of the cloud table for China and US Government). Microsoft's registry serves its blobs from its own networks.
 */
const KINDS: readonly { name: RegExp; kind: HostKind }[] = [
  { name: /\.data\.azurecr\.(io|cn|us|de)$/i, kind: 'data' },
  { name: /\.azurecr\.(io|cn|us|de)$/i, kind: 'login' },
  { name: /\.blob\.(core\.|storage\.)|\.blob\.core$/i, kind: 'storage' },
  { name: /\.(cdn\.mscr\.io|data\.mcr\.microsoft\.com)$/i, kind: 'storage' },
  { name: /^mcr\.(microsoft\.com|azure\.cn)$/i, kind: 'microsoft' },
  { name: /(^|\.)docker\.(io|com)$/i, kind: 'hub' },
  { name: /^management\.(azure\.com|chinacloudapi\.cn|usgovcloudapi\.net)$/i, kind: 'azure' },
  { name: /^169\.254\.169\.254$|(^|\.)login\.(microsoftonline|chinacloudapi|partner)\./i, kind: 'identity' },
];

/** The kind of a host, its port left out. */
export function hostOf(text: string): Host {
  const name = text.replace(/:\d+$/, '').toLowerCase();
  return { name, kind: KINDS.find((known) => known.name.test(name))?.kind ?? 'other' };
}

/** IPv4 ranges that no public address is in (RFC 1918, RFC 6598), and IPv6's unique local ones (RFC 4193). */
const PRIVATE =
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd][0-9a-f]{2}:)/i;

/** Whether an address is one of a private network. A document's `<… private …>` says so itself. */
export function addressOf(text: string): Address {
  const bare = text.replace(/^\[|\]$/g, '');
  if (/^<[^>]*private/i.test(bare)) return { text: bare, kind: 'private' };
  if (isIP(bare) === 0) return { text: bare, kind: 'unknown' };
  // Loopback and link-local addresses tell nothing of the way to a registry.
  if (/^(127\.|169\.254\.|::1$|fe80:)/i.test(bare)) return { text: bare, kind: 'unknown' };
  return { text: bare, kind: PRIVATE.test(bare) ? 'private' : 'public' };
}
