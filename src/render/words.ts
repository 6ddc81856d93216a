/** Phrases that the log and the page share, so that both say the same thing in the same words. */
import { auditSentence } from './audit.js';
import { brokenLinks, poolsOf } from '../core/broken-links.js';
import type { BrokenLink } from '../core/broken-links.js';
import { CAUSES, isCause } from '../core/diagnosis/causes.js';
import { pullsOutcome } from '../core/report.js';
import type { Connection, Finding, Pull, PullStatus, Report, Status } from '../core/report.js';

export const MARKS: Readonly<Record<Status, string>> = {
  pass: '✓',
  warn: '!',
  fail: '✗',
  unknown: '?',
  skip: '-',
};

export const STATUS_WORDS: Readonly<Record<Status, string>> = {
  pass: 'passed',
  warn: 'warning',
  fail: 'failed',
  unknown: 'unknown',
  skip: 'skipped',
};

/** Milliseconds as people say them: `0.4 s`, `12 s`, `3 min 5 s`, `1 h 2 min`. */
export function duration(ms: number): string {
  if (ms < 950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `sha256:` and the first 12 digits; what is no digest stays as it is. */
export function shortDigest(digest: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(digest) ? digest.slice(0, 'sha256:'.length + 12) : digest;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/** The scope of a role assignment by the resource's kind and name, so that no id is needed to read it. */
export function scopeName(scope: string): string {
  const parts = scope.split('/').filter((part) => part !== '');
  const name = parts.at(-1) ?? '';
  const kind = parts.at(-2)?.toLowerCase() ?? '';
  if (parts.length === 0) return 'the tenant root';
  if (kind === 'registries') return `registry ${name}`;
  if (kind === 'resourcegroups') return `resource group ${name}`;
  if (kind === 'managementgroups') return `management group ${name}`;
  if (kind === 'subscriptions') return 'the subscription';
  return name;
}

/** How the registry decides who may pull. */
export function modeName(mode: Connection['registry']['roleAssignmentMode']): string {
  if (mode === 'AbacRepositoryPermissions') return 'RBAC Registry + ABAC Repository Permissions';
  if (mode === 'LegacyRegistryPermissions') return 'RBAC Registry Permissions';
  return 'unknown';
}

/** The registry's name for people: its login server, else what it is called. */
export function registryName(connection: Connection): string {
  return connection.registry.loginServer ?? connection.registry.name;
}

/** Why it happens, for someone who has never met it; undefined for a cause that isn't in the catalogue. */
export function whyWords(cause: string | undefined): string | undefined {
  return cause !== undefined && isCause(cause) ? CAUSES[cause].why : undefined;
}

/** What is wrong in a few words, for a headline; what was asserted where no cause says it. */
export function wrongWords({ cause, check, pulls, title }: BrokenLink): string {
  if (cause === undefined || !isCause(cause)) return title;
  return `${CAUSES[cause].title}${check === undefined ? ` (${poolsOf(pulls)})` : ''}`;
}

/** What a pull proves, or how it ended. */
export function provedWords(pull: Pull): string {
  if (pull.status !== 'pass') return STATUS_WORDS[pull.status];
  if (pull.proved === 'content') return 'its layers came over the wire';
  if (pull.proved === 'manifest')
    return 'its manifest came over the wire; the layers may have been on the node already';
  return 'nothing of it came over the wire';
}

/** A pull's mark: one that leaves the data endpoint unproved passes with a warning. */
export function pullStatus(pull: Pull): Status {
  return pull.status === 'pass' && pull.proved !== 'content' ? 'warn' : pull.status;
}

/** Pulls of one pool taken together: a refusal outweighs an unknown, that a pass, that a skip. */
export function poolStatuses(pulls: readonly Pull[]): Map<string, PullStatus> {
  const severity: readonly PullStatus[] = ['skip', 'pass', 'unknown', 'fail'];
  const pools = new Map<string, PullStatus>();
  for (const { nodePool, status } of pulls) {
    const known = pools.get(nodePool);
    if (known === undefined || severity.indexOf(status) > severity.indexOf(known))
      pools.set(nodePool, status);
  }
  return pools;
}

/** Pools that a good pull was seen on. */
function pulledPools(connection: Connection): string[] {
  return [...new Set(connection.pulls.filter((pull) => pull.status === 'pass').map((pull) => pull.nodePool))];
}

/** Foreign names go through `quote`, which makes them harmless for the place the sentence goes to. */
type Quote = (text: string) => string;

/** One sentence or two with the verdict on one connection. Every foreign word in it went through `quote`. */
export function verdictSentence(connection: Connection, quote: Quote): string {
  const cluster = quote(connection.cluster.name);
  const registry = quote(registryName(connection));
  if (connection.access.removed !== undefined) return removalSentence(connection, cluster, registry);
  if (connection.audit !== undefined) return auditSentence(connection, cluster, registry);
  const granted =
    connection.access.created === undefined
      ? ''
      : ` The missing grant${connection.role === undefined ? '' : ` (${quote(connection.role)})`} was made.`;
  switch (connection.result) {
    case 'passed': {
      if (connection.plan !== undefined) {
        return connection.plan.length === 0
          ? `${cluster} may pull from ${registry} already: connect would write nothing.`
          : `For ${cluster} to pull from ${registry}, connect would write ${count(connection.plan.length, 'role assignment')} (${list(connection.plan.map(({ roleName }) => quote(roleName)))}).`;
      }
      if (pullsOutcome(connection.pulls) === 'proved') {
        const pools = pulledPools(connection);
        const { pullSecret } = connection;
        if (pullSecret !== undefined)
          return `${cluster} can pull from ${registry} with the pull secret ${quote(`${pullSecret.namespace}/${pullSecret.name}`)}: proved on ${list(pools.map(quote))}. That says nothing of a kubelet identity.`;
        return `${cluster} can pull from ${registry}: proved on ${count(pools.length, 'node pool')} (${list(pools.map(quote))}).${granted}`;
      }
      if (connection.access.allowed === true) {
        return `${cluster} may pull from ${registry}: its kubelet identity has access; no pull was tried.${granted}`;
      }
      return `${cluster} and ${registry}: nothing failed; no pull was tried.${granted}`;
    }
    case 'failed':
      return `${cluster} is not ready to pull from ${registry}.${granted}`;
    case 'unknown':
      return `Whether ${cluster} can pull from ${registry} could not be told.${granted}`;
  }
}

/** Mode disconnect: what went, or would go, and whether that is enough. */
function removalSentence(connection: Connection, cluster: string, registry: string): string {
  const { access, result, changed, findings } = connection;
  const number = access.removed?.length ?? 0;
  const still = findings.some(({ id }) => id === 'still-allowed') ? ' Something else lets it pull.' : '';
  const was = number === 1 ? 'was' : 'were';
  switch (result) {
    case 'passed':
      if (number === 0) return `${cluster} had no grant at ${registry} to be removed.${still}`;
      return changed
        ? `${cluster} is disconnected from ${registry}: ${count(number, 'grant')} ${was} removed.${still}`
        : `Dry run: ${count(number, 'grant')} of ${cluster} at ${registry} would be removed; nothing was changed.${still}`;
    case 'failed':
      return `${cluster} is not disconnected from ${registry}${number === 0 ? '' : `, though ${count(number, 'grant')} ${was} removed`}.`;
    case 'unknown':
      return `Whether ${cluster} is disconnected from ${registry} could not be told.`;
  }
}

/** The assertion that broke, with its cause; empty when the connection passed. */
export function brokenSentence(connection: Connection, quote: Quote): string {
  const [broken] = brokenLinks(connection);
  if (broken === undefined) return '';
  const cause = broken.cause === undefined ? '' : ` (${quote(broken.cause)})`;
  return `${broken.status === 'fail' ? 'Failed' : 'Unknown'}: “${quote(broken.title)}”${cause}.`;
}

/** All findings of a report, each once: several connections often share them. */
export function findingsOf(report: Report): Finding[] {
  const seen = new Map<string, Finding>();
  for (const finding of report.connections.flatMap((connection) => connection.findings)) {
    const key = `${finding.id}\n${finding.title}\n${finding.evidence}`;
    if (!seen.has(key)) seen.set(key, finding);
  }
  return [...seen.values()];
}
