/** The corpus of failed pulls, as tests read it. */
import type { Facts } from '../../src/core/diagnosis/ranking/facts.js';
import { corpusFile } from './recordings.js';

export interface PullRecord {
  id: string;
  kind: string;
  event_message: string;
  cause: string;
  source: string;
  message_alone_sufficient: boolean;
}

/** All records; none when the corpus is missing. */
export function pullRecords(): PullRecord[] {
  return corpusFile('pull-failures.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PullRecord);
}

/** A record's source as rules name theirs: a thread as `owner/repo#n`, a page of the vendor by its file, else its words. */
export function sourceName(source: string): string {
  const thread = /github\.com\/([^/]+\/[^/]+)\/(?:issues|pull)\/(\d+)/.exec(source);
  if (thread !== null) return `${thread[1] ?? ''}#${thread[2] ?? ''}`;
  const page = /SupportArticles-docs:\S*\/([\w-]+)\.md/.exec(source)?.[1];
  if (page !== undefined) return `SupportArticles:${page}`;
  if (source.includes('role-based-access-control/troubleshooting'))
    return 'azure-docs:role-based-access-control/troubleshooting';
  if (source.includes('rest/api/authorization')) return 'docs: rest/api/authorization common errors';
  if (source.startsWith('Microsoft support-engineer blog')) return 'blog:container-apps-image-pull';
  if (source.startsWith('Azure/aks-canipull')) return 'aks-canipull';
  return source.replace(/[,;(].*/, '').trim();
}

/**
 * What a record's thread tells of the cloud besides the message, for the messages that don't suffice. Left out are those
 * whose thread names no fact.
 */
export const FACTS: Readonly<Record<string, Facts>> = {
  E003: { credentialCacheBug: true, access: true },
  E005: { access: true, nodeConfigurationWrong: true },
  E006: { access: true, severalIdentities: true },
  E008: { access: true, youngGrant: true },
  E009: { pullSecret: 'stale' },
  E010: { pullSecret: 'unused' },
  E014: { pullSecret: 'stale' },
  E016: { foreignRegistry: true },
  E020: { access: false, mode: 'LegacyRegistryPermissions' },
  E021: { pullSecret: 'stale' },
  E030: { loginServer: 'eteliosacr-hvawabdbgge7e0fu.azurecr.io' },
  E031: { loginServer: 'someacr.azurecr.io' },
  E036: { networkRestricted: true },
  E037: { networkRestricted: true },
  E038: { pullSecret: 'stale' },
  C005: { grantedToAnother: true },
  C019: { identityOnNodes: false },
  C020: { servicePrincipalSecretExpired: true },
  C022: { access: false },
  H017: { pullSecret: 'stale' },
  H022: { access: false },
  H025: { access: false, ignoredRole: true, mode: 'AbacRepositoryPermissions' },
  H026: { locked: true },
  H034: { identityOnNodes: false },
  A004: { principal: 'new' },
  A006: { principal: 'application-id' },
  A008: { principal: 'other-tenant' },
  A009: { mayGrant: false },
  A011: { grantSeen: true },
};
