/** Audit: every credential for the registry in the cluster, what made it, and the way off. Reads, and writes nothing. */
import type { Cluster } from '../azure/cluster.js';
import { readUserKubeconfig } from '../azure/cluster.js';
import { RegistryError } from '../azure/data-plane.js';
import type { Registry } from '../azure/registry.js';
import type { AzureSession } from '../azure/session.js';
import { askRegistry } from '../audit/asking.js';
import type { Asked } from '../audit/asking.js';
import type { HeldCredential } from '../audit/docker-config.js';
import { gather } from '../audit/gather.js';
import type { FoundSecret, Gathered, NamedList } from '../audit/gather.js';
import { classify } from '../audit/kind.js';
import type { AuditedCredential, ObjectName } from '../audit/model.js';
import { readSources } from '../audit/sources.js';
import type { CodeFinding } from '../audit/sources.js';
import { releasesNaming, usersOf } from '../audit/uses.js';
import { wayOff } from '../audit/way-off.js';
import type { AuditedSecret } from '../audit/way-off.js';
import { credentialFinding } from '../audit/words.js';
import { CAUSES } from '../diagnosis/causes.js';
import { wrongRole } from '../diagnosis/explain.js';
import { optional } from '../json.js';
import { HttpFault } from '../ports.js';
import type { Ports } from '../ports.js';
import type { PlannedGrant, Result } from '../report.js';
import { parseImage } from '../request.js';
import type { ImageRef, Request } from '../request.js';
import { begun, StoryEnds } from '../telling.js';
import type { Telling } from '../telling.js';
import { accessTitle, keepAccess, readAccess } from './decide.js';
import type { AccessFacts } from './decide.js';
import { missingGrants, wantedRoles } from './missing.js';
import { reach } from './reach.js';
import { checkClusterState, checkIdentity, resolveCluster, resolveRegistry } from './resolve.js';
import type { Resolver } from './resolve.js';
import type { Story } from './story.js';

/** Credentials that the registry is asked about at a time: it counts sign-ins. */
const ASKED_AT_ONCE = 5;

/** What access and the grant are, as far as this login may see them. */
interface Standing {
  principalId?: string;
  allowed: AccessFacts['allowed'];
  missing: PlannedGrant[];
}

/**
 * Runs the mode. What can't be read is told with the right that would allow it, and the rest goes on; then the result is
 * unknown, because what could not be listed is not nothing.
 *
 * @throws {StoryEnds} when it can't go on at all
 */
export async function audit({
  request,
  clusterRef,
  registryRef,
  azure,
  resolver,
  ports,
  telling,
}: Story): Promise<Result> {
  const since = ports.clock.now();
  telling.connection.audit = { credentials: [], steps: [], requests: 0 };
  const clusterRead = begun(resolver.cluster(clusterRef));
  const kubeconfig = begun(clusterRead().then((cluster) => readUserKubeconfig(azure.arm, cluster)));
  // Read side by side with the cluster, told after it.
  begun(resolver.registry(registryRef));
  const cluster = await resolveCluster(resolver, clusterRef, telling, since);
  checkClusterState(cluster, true, telling);
  const registry = await resolveRegistry(resolver, registryRef, telling, since);
  const { principalId, allowed, missing } = await standingOf(
    request,
    cluster,
    registry,
    azure,
    resolver,
    telling,
  );
  // AKS keeps what a command prints: a secret must never go that way.
  const connection = await reach(cluster, 'direct', kubeconfig, azure, ports, telling);

  const found = await gather(connection, registry.loginServer, ports.signal);
  tellLists(found, cluster, registry, telling);
  const accounts = found.accounts.items;
  const workloads = found.workloads.flatMap(({ items }) => items);
  const secrets = await auditSecrets(found, registry, azure, ports);
  const inReleases = await auditReleases(found, registry, azure, ports);
  const credentials = [...secrets.flatMap(({ all }) => all), ...inReleases].sort(soonestFirst);
  for (const credential of credentials) telling.finding(credentialFinding(credential));
  const images = imagesOf(found, credentials, registry);
  await tellOwnPull(images[0], registry, azure, telling);
  const code = await auditSources(found, registry, ports, telling);
  telling.connection.audit = {
    credentials,
    steps: wayOff({
      cluster: telling.facts.cluster ?? cluster,
      registry: telling.facts.registry ?? registry,
      ...optional('principalId', principalId),
      kubeletIsServicePrincipal: cluster.identity.kind === 'service-principal',
      allowed,
      missing,
      secrets,
      accounts,
      workloads,
      releases: found.releases.items.filter(
        ({ credentials: held, named, inManifest }) => held.length + named.length + inManifest.length > 0,
      ),
      images: images.map(({ text }) => text),
      code,
    }),
    requests: allLists(found).reduce((sum, { requests }) => sum + requests, 0),
  };
  const { checks } = telling.connection;
  if (checks.some(({ status }) => status === 'fail')) return 'failed';
  return checks.some(({ status }) => status === 'unknown') ? 'unknown' : 'passed';
}

/** Who the nodes pull as, and whether that may. Nothing of it ends the audit. */
async function standingOf(
  request: Request,
  cluster: Cluster,
  registry: Registry,
  azure: AzureSession,
  resolver: Resolver,
  telling: Telling,
): Promise<Standing> {
  let principalId: string;
  try {
    principalId = await checkIdentity(cluster, request, resolver, telling);
  } catch (error) {
    if (error instanceof StoryEnds) return { allowed: 'unknown', missing: [] };
    throw error;
  }
  const access = await readAccess(azure, registry, Promise.resolve(registry), principalId);
  keepAccess(access, registry, telling);
  const missing = missingGrants(
    request,
    wantedRoles(request, access, registry, principalId),
    registry,
    principalId,
  );
  const title = accessTitle(registry);
  if (access.allowed === true) telling.pass('access', title, access.because);
  else if (access.allowed === 'unknown' || access.unreadable !== undefined)
    telling.tell('access', title, { status: 'skip', evidence: access.because });
  else {
    const cause = wrongRole({
      ignoredRole: access.ignored.length > 0,
      limitedRole: access.limited.length > 0,
      denied: access.denied !== undefined,
      mode: registry.mode,
    });
    telling.tell('access', title, {
      status: 'warn',
      cause,
      evidence: `${access.because}; the way off begins with the grant`,
    });
  }
  return { principalId, allowed: access.allowed, missing };
}

function allLists({ secrets, releases, accounts, workloads }: Gathered): NamedList<unknown>[] {
  return [...secrets, releases, accounts, ...workloads];
}

/** One check for Secrets, one for who uses them; each with the right that it lacks. */
function tellLists(found: Gathered, cluster: Cluster, registry: Registry, telling: Telling): void {
  const { secrets, releases, accounts, workloads } = found;
  const number = secrets.reduce((sum, { items }) => sum + items.length, 0);
  tellList(
    'pull-secrets',
    `the pull secrets of cluster ${cluster.name} could be read`,
    `${number} with credentials for ${registry.loginServer}`,
    secrets,
    telling,
  );
  tellList(
    'helm-releases',
    `the Helm releases of cluster ${cluster.name} could be read`,
    `${releases.items.length}, superseded revisions left out`,
    [releases],
    telling,
  );
  const pods = workloads.find(({ resource }) => resource === 'pods')?.items.length ?? 0;
  tellList(
    'users-of-secrets',
    `service accounts, pods and workloads of cluster ${cluster.name} could be read`,
    `${accounts.items.length} service accounts, ${pods} pods`,
    [accounts, ...workloads],
    telling,
  );
}

function tellList(
  id: string,
  title: string,
  seen: string,
  lists: readonly NamedList<unknown>[],
  telling: Telling,
): void {
  const refused = lists.filter((list) => list.refused !== undefined);
  const requests = lists.reduce((sum, list) => sum + list.requests, 0);
  if (refused.length === 0) {
    telling.pass(id, title, `${seen}, in ${requests} request${requests === 1 ? '' : 's'}`);
    return;
  }
  const said = refused.map(({ resource, refused: why }) => `${resource}: ${why?.said ?? ''}`);
  const right = refused.some(({ refused: why }) => why?.status === 403);
  const cause = right ? 'audit-list-forbidden' : 'audit-list-unanswered';
  telling.tell(id, title, {
    status: 'unknown',
    cause,
    evidence: [...new Set(said)].join('; '),
    fix: CAUSES[cause].fix(telling.facts),
  });
}

type AuditedWithAll = AuditedSecret & { all: AuditedCredential[] };

/** Each pull secret with what its credentials are; the first speaks for the Secret. */
async function auditSecrets(
  found: Gathered,
  registry: Registry,
  azure: AzureSession,
  ports: Ports,
): Promise<AuditedWithAll[]> {
  const secrets = found.secrets.flatMap(({ items }) => items);
  const workloads = found.workloads.flatMap(({ items }) => items);
  const audited = await inBatches(secrets, async (secret): Promise<AuditedWithAll[]> => {
    const { kind, namespace, name, type, madeBy } = secret;
    const all = await Promise.all(
      secret.held.map(async (held) => ({
        ...(await auditOne(held, { kind, namespace, name, type }, registry, azure, ports)),
        usedBy: [
          ...usersOf(secret, found.accounts.items, workloads),
          ...releasesNaming(secret, found.releases.items),
        ],
        ...optional('madeBy', madeBy),
      })),
    );
    return all[0] === undefined ? [] : [{ secret, credential: all[0], all }];
  });
  return audited.flat();
}

async function auditReleases(
  found: Gathered,
  registry: Registry,
  azure: AzureSession,
  ports: Ports,
): Promise<AuditedCredential[]> {
  const inValues = found.releases.items.flatMap((release) =>
    release.credentials.map((held) => ({ release, held })),
  );
  return inBatches(inValues, async ({ release: { kind, namespace, name }, held }) =>
    auditOne(
      held,
      { kind, namespace, name, path: 'path' in held ? held.path : `manifest, Secret ${held.manifest}` },
      registry,
      azure,
      ports,
    ),
  );
}

/** What a credential is, and whether it works: asked only of the registry that it names, and not once it has expired. */
async function auditOne(
  held: HeldCredential,
  place: AuditedCredential['in'] & ObjectName,
  registry: Registry,
  azure: AzureSession,
  ports: Ports,
): Promise<AuditedCredential> {
  const { kind, user, expiresOn } = classify(held, registry.name);
  const now = ports.clock.now();
  return {
    kind,
    in: place,
    host: held.host,
    ...optional('user', user),
    ...(await worksOrNot(held, expiresOn, now, registry, azure)),
    ...(expiresOn === undefined
      ? {}
      : {
          expiresOn: new Date(expiresOn).toISOString(),
          minutesLeft: Math.floor((expiresOn - now) / 60_000),
        }),
    usedBy: [],
  };
}

async function worksOrNot(
  held: HeldCredential,
  expiresOn: number | undefined,
  now: number,
  { loginServer }: Registry,
  azure: AzureSession,
): Promise<Asked> {
  if (expiresOn !== undefined && expiresOn <= now) return { works: false, because: 'its time is over' };
  if (held.host !== loginServer.toLowerCase())
    return { works: 'unknown', because: `not tried: ${held.host} may be meant for other registries` };
  azure.trust.admitLoginServer(loginServer);
  return askRegistry(azure.sender, loginServer, held);
}

async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let from = 0; from < items.length; from += ASKED_AT_ONCE)
    done.push(...(await Promise.all(items.slice(from, from + ASKED_AT_ONCE).map(work))));
  return done;
}

function soonestFirst(a: AuditedCredential, b: AuditedCredential): number {
  return (a.minutesLeft ?? Infinity) - (b.minutesLeft ?? Infinity) || 0;
}

/** Images of the registry that whoever uses a credential pulls; such as have a tag or a digest. */
function imagesOf(
  found: Gathered,
  credentials: readonly AuditedCredential[],
  { loginServer }: Registry,
): ImageRef[] {
  const users = new Set(
    credentials.flatMap(({ usedBy }) =>
      usedBy.map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`),
    ),
  );
  const texts = found.workloads
    .flatMap(({ items }) => items)
    .filter(({ kind, namespace, name }) => users.has(`${kind}/${namespace}/${name}`))
    .flatMap(({ images }) => images);
  return [...new Set(texts)].flatMap((text) => {
    const image = parseImage(/[:@][^/]*$/.test(text) ? text : `${text}:latest`);
    return image?.host === loginServer ? [image] : [];
  });
}

/**
 * Whether this login can pull itself, as helm and docker in its own job do with az acr login. Not needed for anything
 * else, so it is skipped when not.
 */
async function tellOwnPull(
  image: ImageRef | undefined,
  registry: Registry,
  azure: AzureSession,
  telling: Telling,
): Promise<void> {
  if (image === undefined) return;
  const title = `this login may itself pull from ${registry.loginServer}, for helm and docker in its own job`;
  azure.trust.admitLoginServer(registry.loginServer);
  try {
    const { digest } = await azure.dataPlane(registry).describe(image);
    telling.pass(
      'own-pull',
      title,
      `az acr login -n ${registry.name} is enough: ${image.repository} is ${digest}`,
    );
  } catch (error) {
    if (!(error instanceof RegistryError || error instanceof HttpFault)) throw error;
    telling.tell('own-pull', title, {
      status: 'skip',
      evidence: `${error.message}; only where a job itself pulls charts or images, it needs a pull role for its own identity`,
    });
  }
}

/** The repository's files; each place that makes credentials is a finding. */
async function auditSources(
  found: Gathered,
  registry: Registry,
  ports: Ports,
  telling: Telling,
): Promise<CodeFinding[]> {
  const title = 'the files of the repository could be read';
  if (ports.repository === undefined) {
    telling.tell('sources', title, { status: 'skip', evidence: 'this run has no repository' });
    return [];
  }
  const since = telling.now();
  const names = found.secrets.flatMap(({ items }) => items.map(({ name }: FoundSecret) => name));
  const { name, loginServer } = registry;
  const read = await readSources(ports.repository, { registry: name, loginServer }, names, ports.signal);
  const more = read.left === 0 ? '' : `; ${read.left} more were too many or too large, and not looked at`;
  if (read.files === 0)
    telling.tell('sources', title, {
      status: 'skip',
      evidence:
        'no workflow, script or template is where this run was started: check the repository out first',
    });
  else if (read.left > 0)
    telling.tell('sources', title, { status: 'warn', evidence: `${read.files} looked at${more}` }, since);
  else telling.pass('sources', title, `${read.files} workflows, scripts and templates looked at`, since);
  for (const { id, file, line, what, instead } of read.findings)
    telling.finding({
      id,
      title: `${file}:${line} ${what}`,
      evidence: 'the line itself is not shown: it may hold a secret',
      fix: { summary: `${instead}.`, commands: [] },
      places: [{ file, line }],
    });
  return read.findings;
}
