/** What is about to be deployed: read once, then checked for each cluster with each registry. */
import type { Registry } from '../azure/registry.js';
import { RegistryError } from '../azure/data-plane.js';
import { ArmError } from '../azure/arm.js';
import { RegistryNotFound } from '../azure/registry.js';
import type { AzureSession } from '../azure/session.js';
import type { Deployables, NamedImage, Unread, Workload } from '../deployables/model.js';
import { readDeployables } from '../deployables/read.js';
import type { FetchChart } from '../deployables/read.js';
import { parseReference } from '../deployables/reference.js';
import { CredentialWithheld } from '../http/trust.js';
import type { ClusterConnection } from '../kubernetes/connection.js';
import { HttpFault, SignInError } from '../ports.js';
import type { Ports } from '../ports.js';
import { worst } from '../report.js';
import type { DeployedSources, Place, Result } from '../report.js';
import { mayBelongTo } from '../request.js';
import type { RegistryRef, Request } from '../request.js';
import type { Telling } from '../telling.js';
import { conclude } from './conclude.js';
import { DeployedImages, heldBack, imagesOf, lookAtImages, lookAtNodes, reportedUse } from './images.js';
import type { Judgement, Seen } from './images.js';
import { prove } from './prove.js';
import type { Proof } from './prove.js';
import type { Resolver } from './resolve.js';

/** What was read, with each registry's share of the pulls. */
export interface Deployment {
  deployables: Deployables;
  /** Real pulls on each pool that a registry may have: together no more than the input says. */
  shareOf(registry: RegistryRef): number;
}

/** Reads what the inputs name. Nothing that can't be read ends the run. */
export async function readDeployment(
  request: Request,
  azure: AzureSession,
  resolver: Resolver,
  ports: Ports,
): Promise<Deployment | undefined> {
  const { deployables: inputs, registries, maxPulls } = request;
  if (inputs === undefined) return undefined;
  const deployables = await readDeployables(inputs, ports, chartFrom(registries, azure, resolver));
  const concerned = registries.filter((registry) => concerns(deployables, request, registry));
  return {
    deployables,
    shareOf(registry) {
      const nth = concerned.indexOf(registry);
      if (nth === -1) return maxPulls;
      const more = nth < maxPulls % concerned.length ? 1 : 0;
      return Math.floor(maxPulls / concerned.length) + more;
    },
  };
}

function concerns({ images }: Deployables, request: Request, registry: RegistryRef): boolean {
  return (
    images.some(({ reference }) => mayBelongTo(registry, reference.host)) ||
    request.images.some(({ host }) => host === undefined || mayBelongTo(registry, host))
  );
}

/** A request about the images that are deployed, too: of all registries, for its host decides whose each is. */
export function withDeployed(request: Request, deployment: Deployment | undefined): Request {
  if (deployment === undefined) return request;
  const images = deployment.deployables.images.map(({ reference }) => ({
    ...reference,
    text: reference.name,
  }));
  return { ...request, images: [...request.images, ...images] };
}

/** How the report tells what was read. */
export function deployedSources(
  { deployables }: Deployment,
  registries: readonly RegistryRef[],
): DeployedSources {
  const { sources, objects, without, unread, images } = deployables;
  return {
    sources,
    objects,
    without: [...without],
    unread: unread.map(({ place, why, fix }) => ({ ...place, why, fix })),
    otherImages: images
      .filter(({ reference }) => !registries.some((registry) => mayBelongTo(registry, reference.host)))
      .map(({ reference, uses }) => ({ image: reference.name, uses: uses.map(reportedUse) })),
  };
}

/** The images of one registry: those that files name, and those that the input `image` does. */
export function imagesFor(
  { deployables }: Deployment,
  asked: Request,
  registry: Pick<Registry, 'loginServer'>,
): NamedImage[] {
  const named = new Map(imagesOf(deployables, registry).map((image) => [image.reference.name, image]));
  for (const image of asked.images) {
    if (image.host !== undefined && image.host !== registry.loginServer) continue;
    const rest = image.host === undefined ? image.text : image.text.slice(image.text.indexOf('/') + 1);
    const reference = parseReference(`${registry.loginServer}/${rest}`);
    if (!('problem' in reference) && !named.has(reference.name))
      named.set(reference.name, { reference, uses: [] });
  }
  return [...named.values()];
}

/** Asks the registry about its images. */
export function lookAtDeployed(
  deployment: Deployment,
  asked: Request,
  registry: Registry,
  azure: AzureSession,
): Promise<Seen[]> {
  azure.trust.admitLoginServer(registry.loginServer);
  return lookAtImages(imagesFor(deployment, asked, registry), registry, azure.dataPlane(registry));
}

/** All that the check of one cluster with one registry rests on. */
export interface DeploymentGround extends Judgement {
  deployment: Deployment;
  seen: readonly Seen[];
  /** Absent with `verify: access`: nothing is pulled. */
  connection: ClusterConnection | undefined;
  /** What the pulls are explained with. */
  proof: Pick<Proof, 'facts' | 'lookCloser' | 'nodes'>;
  youngGrant: boolean;
}

/** Judges the images, pulls some of them, and says what it all comes to. */
export async function checkDeployed(
  ground: DeploymentGround,
  request: Request,
  azure: AzureSession,
  ports: Ports,
  telling: Telling,
): Promise<Result> {
  const { deployment, seen, registry, connection, chosen, cluster } = ground;
  const read = tellRead(deployment, registry, seen.length, telling);
  if (seen.length === 0) {
    telling.connection.images = [];
    return worst([read, tellNoImage(deployment, registry, request, telling)]);
  }
  const nodes = connection === undefined ? undefined : await lookAtNodes(connection, ports, telling);
  const images = new DeployedImages(seen, ground, nodes);
  const { pairs, held } =
    connection === undefined ? { pairs: [], held: [] } : await images.select(azure.dataPlane(registry));
  for (const one of held) {
    const pull = heldBack(one, telling);
    telling.connection.pulls.push(pull);
    telling.log.pull(pull);
  }
  if (connection !== undefined) {
    const wanted = [...new Map(pairs.map(({ image }) => [image.reference, image])).values()];
    const proof: Proof = { ...ground.proof, connection, cluster, chosen, images: wanted, pairs };
    await prove(proof, request, ports, telling);
  }
  const judged = images.tell(telling.connection.pulls, request, telling);
  // Where nothing is there to be pulled, what is wrong with the images says it all.
  const verify = pairs.length === 0 && held.length === 0 && judged !== 'passed' ? 'access' : request.verify;
  const result = worst([read, judged, conclude({ verify }, registry, ground.youngGrant, telling)]);
  if (result === 'passed') tellNeedless(deployment.deployables, registry, telling);
  return result;
}

/** Whether all could be read, and what was found in it. */
function tellRead({ deployables }: Deployment, registry: Registry, own: number, telling: Telling): Result {
  const { sources, objects, images, unread, without } = deployables;
  const title = 'all that is to be deployed could be read';
  const others = images.length - imagesOf(deployables, registry).length;
  const found = [
    `${counted(sources, 'source')} with ${counted(objects, 'Kubernetes object')}`,
    `${counted(own, 'image')} of ${registry.loginServer}`,
    ...(others === 0 ? [] : [`${counted(others, 'image')} of other registries, listed and not judged`]),
    ...(without.length === 0
      ? []
      : [`${counted(without.length, 'file')} without Kubernetes objects (${few(without)})`]),
  ].join(', ');
  if (unread.length === 0) {
    telling.pass('manifests', title, found);
    return 'passed';
  }
  telling.tell('manifests', title, {
    status: 'unknown',
    cause: 'manifests-unreadable',
    evidence: [...unread.map(unreadLine), found].join('\n'),
    fix: { summary: [...new Set(unread.map(({ fix }) => fix))].join('\n'), commands: [] },
  });
  return 'unknown';
}

function unreadLine({ place: { file, line }, why }: Unread): string {
  return `${file}${line === undefined ? '' : `:${line}`}: ${why}`;
}

/** Among several registries one may have nothing here; where none has, something is amiss. */
function tellNoImage(
  { deployables }: Deployment,
  registry: Registry,
  request: Request,
  telling: Telling,
): Result {
  const title = `something that is to be deployed is in ${registry.loginServer}`;
  const hosts = [...new Set(deployables.images.map(({ reference }) => reference.host))].slice(0, 5);
  const evidence =
    hosts.length === 0 ? 'no image was found at all' : `the images found are of ${hosts.join(', ')}`;
  if (request.registries.some((one) => concerns(deployables, { ...request, images: [] }, one))) {
    telling.tell('manifest-images', title, { status: 'skip', evidence });
    return 'passed';
  }
  telling.tell('manifest-images', title, { status: 'unknown', cause: 'no-image-of-registry', evidence });
  return 'unknown';
}

/**
 * Pull secrets of workloads all of whose images the identity may pull. Only told when everything passed: whoever follows it
 * takes away what may still be needed otherwise.
 */
function tellNeedless(deployables: Deployables, registry: Registry, telling: Telling): void {
  const allowed = new Set(
    telling.connection.images?.filter(({ access }) => access === true).map(({ image }) => image),
  );
  const ours = new Map<Workload, boolean>();
  for (const { reference, uses } of deployables.images) {
    const is = reference.host === registry.loginServer && allowed.has(reference.name);
    for (const { workload } of uses) ours.set(workload, is && (ours.get(workload) ?? true));
  }
  const places = new Map<string, { who: string; place: Place }[]>();
  const note = (secret: string, who: string, place: Place): void => {
    places.set(secret, [...(places.get(secret) ?? []), { who, place }]);
  };
  for (const [workload, all] of ours) {
    if (!all) continue;
    for (const { name, place } of workload.pullSecrets)
      note(name, `${workload.kind} ${workload.name}`, place);
  }
  for (const { name, namespace, pullSecrets } of deployables.accounts) {
    const users = [...ours].filter(
      ([workload]) => workload.serviceAccount === name && workload.namespace === namespace,
    );
    if (users.length === 0 || users.some(([, all]) => !all)) continue;
    for (const secret of pullSecrets) note(secret.name, `ServiceAccount ${name}`, secret.place);
  }
  for (const [secret, noted] of places) {
    telling.finding({
      id: 'needless-pull-secret',
      title: `the pull secret ${secret} is not needed: the kubelet identity may pull these images without it`,
      evidence: noted
        .map(({ who, place: { file, line } }) => `${file}${line === undefined ? '' : `:${line}`}: ${who}`)
        .join('\n'),
      places: noted.map(({ place }) => place),
      fix: {
        summary: `Remove ${noted.length === 1 ? 'this line' : 'these lines'} of imagePullSecrets and deploy; once nothing uses the secret ${secret} any more, delete it.`,
        commands: [],
      },
    });
  }
}

/** A chart that one of the run's registries holds, read with this login. */
function chartFrom(registries: readonly RegistryRef[], azure: AzureSession, resolver: Resolver): FetchChart {
  return async (text) => {
    const reference = parseReference(text);
    if ('problem' in reference)
      return {
        why: `it is no reference: ${reference.problem}`,
        fix: 'Write it as oci://host/repository:version.',
      };
    const ref = registries.find((registry) => mayBelongTo(registry, reference.host));
    const elsewhere = {
      why: `it is in ${reference.host}, which is none of this run's registries`,
      fix: 'Name its registry as registry too, or set allow-remote: true.',
    };
    if (ref === undefined) return elsewhere;
    try {
      const registry = await resolver.registry(ref);
      if (registry.loginServer !== reference.host) return elsewhere;
      azure.trust.admitLoginServer(registry.loginServer);
      return await azure.dataPlane(registry).chart(reference);
    } catch (error) {
      const known =
        error instanceof RegistryError ||
        error instanceof ArmError ||
        error instanceof RegistryNotFound ||
        error instanceof HttpFault ||
        error instanceof SignInError ||
        error instanceof CredentialWithheld;
      if (!known || (error instanceof HttpFault && error.kind === 'aborted')) throw error;
      return {
        why: `it could not be fetched: ${error.message}`,
        fix: 'See that the chart and its version are there, and that this login may pull it.',
      };
    }
  };
}

/** Names, a few of them. */
function few(names: readonly string[]): string {
  const shown = names.slice(0, 5);
  return [...shown, ...(names.length > shown.length ? ['…'] : [])].join(', ');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
