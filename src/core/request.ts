/** Raw inputs → one frozen Request, or all input errors at once. Nothing is called here. */
import { CLOUD_NAMES } from './azure/clouds.js';
import type { CloudName } from './azure/clouds.js';
import { coversRepository } from './azure/condition.js';
import { PROBE_REPOSITORY, PROBE_TAG } from './azure/import-image.js';
import { DIGEST, LONGEST_REPOSITORY, REPOSITORY, TAG } from './deployables/reference.js';
import { namesDeployables } from './deployables/model.js';
import type { DeployableInputs } from './deployables/model.js';
import { INPUTS } from './inputs.js';
import type { InputName, RawInputs } from './inputs.js';
import type { KubeconfigRef } from './ports.js';
import type { Mode, Verify } from './report.js';
import { pullSecretProblems } from './pull-secret-inputs.js';

export interface ClusterRef {
  /** Absent: the login's subscription. */
  subscriptionId?: string;
  resourceGroup: string;
  name: string;
}

/** How a registry was named; a login server is never composed from a name. */
export type RegistryRef =
  | { by: 'id'; subscriptionId: string; resourceGroup: string; name: string; text: string }
  | { by: 'name'; name: string; text: string }
  | { by: 'login-server'; loginServer: string; text: string };

export interface ImageRef {
  /** Registry host, when the reference names one. Lower-case. */
  host?: string;
  repository: string;
  tag?: string;
  digest?: string;
  /** As it was given. */
  text: string;
}

export interface Request {
  mode: Mode;
  clusters: readonly ClusterRef[];
  registries: readonly RegistryRef[];
  /** For whatever is given by name; absent: ask the login. */
  subscriptionId?: string;
  images: readonly ImageRef[];
  /** What is about to be deployed; absent when nothing is named. */
  deployables?: DeployableInputs;
  /** Of what is about to be deployed: real pulls on each pool. */
  maxPulls: number;
  /** Pull the image that the registry is made to copy for it, instead of one that is there. */
  importProbeImage: boolean;
  verify: Verify;
  /** Empty: all pools that run nodes. */
  nodePools: readonly string[];
  /** Of each pool. */
  nodes: 'one' | 'all';
  namespace: string;
  /** `auto`: run-command only where a private or range-restricted API server gives no answer. */
  clusterAccess: 'auto' | 'direct' | 'run-command';
  /** A cluster that isn't AKS; then `clusters` is empty. */
  kubeconfig?: KubeconfigRef;
  /** Secret in `namespace` that the nodes pull with, instead of their identity. */
  pullSecret?: string;
  kubeletObjectId?: string;
  timeoutMs: number;
  propagationTimeoutMs: number;
  failOn: 'fail' | 'warn';
  /** ABAC-enabled registries: limit the grant to these; `team/*` is a prefix. Empty: the whole registry. */
  repositories: readonly string[];
  /** While a registry moves to ABAC: both pull roles are wanted. */
  transitionRoles: boolean;
  dryRun: boolean;
  allDirect: boolean;
  environment: CloudName;
}

/** What the host knows about why it runs. */
export interface Circumstances {
  /** The run is for a pull request, or for something that whoever opens one can trigger. */
  pullRequest?: string;
  /** The pull request comes from a fork: no probe runs then. */
  fork?: boolean;
  /** The cloud that the login belongs to, where the host knows it: a service connection's. */
  environment?: CloudName;
  /** What the host found wrong with inputs that it reads itself, such as a service connection. */
  problems?: readonly InputProblem[];
  /** The login brings no subscription of its own, so names need `subscription-id`. */
  needsSubscription?: boolean;
  /** Inputs that this caller can do without, though a run needs them. */
  canDoWithout?: readonly InputName[];
}

export interface InputProblem {
  input: InputName;
  /** What was given; absent when nothing was. */
  value?: string;
  /** The allowed form. */
  wanted: string;
}

/** Unusable input: all of it at once. Nothing was called. */
export class InputErrors extends Error {
  override readonly name = 'InputErrors';
  constructor(readonly problems: readonly InputProblem[]) {
    super(problems.map(describeProblem).join('\n'));
  }
}

/** One line: the input, its value, the form wanted. */
export function describeProblem({ input, value, wanted }: InputProblem): string {
  const shown =
    value === undefined
      ? 'is missing'
      : `is ${JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value)}`;
  return `input ${input} ${shown}: ${wanted}`;
}

/** The run is refused as it stands, although every input is well-formed. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Resource name rules: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
const RESOURCE_GROUP = /^[\p{L}\p{N}_().-]{0,89}[\p{L}\p{N}_()-]$/u;
const CLUSTER_NAME = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/i;
const REGISTRY_NAME = /^[a-z0-9]{5,50}$/i;
/** `{name}.azurecr.io` or, with a domain name label, `{name}-{hash}.azurecr.io`. */
const LOGIN_SERVER = /^[a-z0-9]{5,50}(-[a-z0-9]+)?\.azurecr\.(io|cn|us)$/i;
/**
 * A registry's endpoint in one region, `{login server's first label}.{region}.geo.azurecr.io`
 * (https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference). ARM tells the login server alone.
 */
const REGIONAL = /^([a-z0-9-]+)\.[a-z0-9]+\.geo(\.azurecr\.(?:io|cn|us))$/i;
const POOL_NAME = /^[a-z][a-z0-9]{0,11}$/;
/** RFC 1123 label, as Kubernetes demands of a namespace. */
const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 1123 subdomain, as Kubernetes demands of a Secret's name. */
const SECRET_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** Real pulls on each pool, of what is about to be deployed. */
const MOST_PULLS = 5;

const DURATION_FORM = 'a duration such as 90s, 10m or 1h30m';
const CLUSTER_FORM =
  'a name together with resource-group, or /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ContainerService/managedClusters/<name>';
const REGISTRY_FORM =
  'a login server (contoso.azurecr.io), a name (5 to 50 letters and digits), or /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ContainerRegistry/registries/<name>';
const IMAGE_FORM =
  'repo:tag, repo@sha256:<64 hexadecimal digits>, or the same after a login server and a slash';

const MODES: readonly Mode[] = ['connect', 'check', 'plan', 'disconnect', 'audit'];
/** Modes that change something in Azure, and those in which nodes pull. */
const WRITES_AZURE: readonly Mode[] = ['connect', 'disconnect'];
const PULLS: readonly Mode[] = ['connect', 'check'];

/**
 * Reads all inputs.
 *
 * @throws {InputErrors} with every unusable or contradictory input
 * @throws {Refused} when the inputs are fine but the run may not go on (connect for a pull request)
 */
export function readRequest(raw: RawInputs, circumstances: Circumstances = {}): Request {
  const problems: InputProblem[] = [...(circumstances.problems ?? [])];
  const refuse = (input: InputName, wanted: string, value?: string): undefined => {
    problems.push(value === undefined ? { input, wanted } : { input, value, wanted });
    return undefined;
  };
  const text = (input: InputName): string | undefined => {
    const given = raw[input]?.trim();
    if (given !== undefined && given !== '') return given;
    const declared = INPUTS.find((declaration) => declaration.name === input);
    return declared !== undefined && 'default' in declared ? declared.default : undefined;
  };
  const given = (input: InputName): boolean => (raw[input]?.trim() ?? '') !== '';
  const lines = (input: InputName): string[] => [
    ...new Set(
      (text(input) ?? '')
        .split(/\r?\n/)
        .map((line) => line.trim())
        .filter((line) => line !== ''),
    ),
  ];
  const matching = (input: InputName, form: RegExp, wanted: string): string | undefined => {
    const value = text(input);
    if (value === undefined || form.test(value)) return value;
    return refuse(input, wanted, value);
  };
  const oneOf = <T extends string>(input: InputName, values: readonly T[]): T => {
    const value = text(input) ?? '';
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) refuse(input, `one of ${values.join(', ')}`, value);
    return found ?? (values[0] as T);
  };
  const duration = (input: InputName): number => {
    const value = text(input) ?? '';
    const ms = parseDuration(value);
    if (ms === undefined) refuse(input, DURATION_FORM, value);
    else if (ms < 10_000 || ms > 6 * 3_600_000) refuse(input, `${DURATION_FORM}, from 10s to 6h`, value);
    return ms ?? 0;
  };

  const mode = readMode();
  const resourceGroup = matching('resource-group', RESOURCE_GROUP, "a resource group's name");
  const subscriptionId = matching('subscription-id', GUID, 'a subscription id (a GUID)');
  const clusters = lines('cluster').flatMap((line) => readCluster(line) ?? []);
  const registries = lines('registry').flatMap((line) => readRegistry(line) ?? []);
  const images = lines('image').flatMap((line) => readImage(line) ?? []);
  const verify = oneOf<Verify>('verify', ['pull', 'access', 'none']);
  const nodePools = lines('node-pools');
  const namespace =
    matching('namespace', NAMESPACE, 'a namespace: lower-case letters, digits and dashes') ?? 'default';
  const kubeconfig = text('kubeconfig');
  const context = text('context');
  const pullSecret = matching(
    'pull-secret',
    SECRET_NAME,
    "a Secret's name: lower-case letters, digits, dashes and dots",
  );
  const kubeletObjectId = matching('kubelet-object-id', GUID, 'an object id (a GUID)');
  const timeoutMs = duration('timeout');
  const propagationTimeoutMs = duration('propagation-timeout');
  const nodes = oneOf('nodes', ['one', 'all'] as const);
  const clusterAccess = oneOf('cluster-access', ['auto', 'direct', 'run-command'] as const);
  const failOn = oneOf('fail-on', ['fail', 'warn'] as const);
  const repositories = lines('repositories');
  const deployables: DeployableInputs = Object.freeze({
    manifests: lines('manifests'),
    charts: lines('helm-chart'),
    values: lines('helm-values'),
    kustomizations: lines('kustomization'),
    allowRemote: oneOf('allow-remote', ['false', 'true'] as const) === 'true',
  });
  const maxPulls = Number(
    matching('max-pulls', /^([1-9]|[1-4]\d|50)$/, 'a whole number from 1 to 50') ?? MOST_PULLS,
  );
  const importProbeImage = oneOf('import-probe-image', ['false', 'true'] as const) === 'true';
  const transitionRoles = oneOf('transition-roles', ['false', 'true'] as const) === 'true';
  const dryRun = oneOf('dry-run', ['false', 'true'] as const) === 'true';
  const allDirect = oneOf('all-direct', ['false', 'true'] as const) === 'true';
  const environment = given('environment')
    ? oneOf<CloudName>('environment', CLOUD_NAMES)
    : (circumstances.environment ?? 'AzureCloud');
  if (given('redact')) oneOf('redact', ['ids', 'none'] as const);
  matching('client-id', GUID, 'an application (client) id (a GUID)');
  matching('tenant-id', GUID, 'a tenant id (a GUID)');
  oneOf('summary', ['true', 'false'] as const);
  const allowPullRequest = oneOf('allow-pull-request', ['false', 'true'] as const) === 'true';

  for (const required of ['cluster', 'registry'] as const) {
    if (required === 'cluster' && kubeconfig !== undefined) continue;
    if (!given(required) && circumstances.canDoWithout?.includes(required) !== true)
      refuse(required, required === 'cluster' ? CLUSTER_FORM : REGISTRY_FORM);
  }
  for (const pool of nodePools) {
    if (!POOL_NAME.test(pool))
      refuse('node-pools', "a node pool's name: up to 12 lower-case letters and digits, one per line", pool);
  }
  for (const repository of repositories) {
    if (!REPOSITORY.test(repository.replace(/\/\*$/, '')))
      refuse('repositories', 'a repository, or a prefix that ends in /*, one per line', repository);
  }
  refuseContradictions();

  if (problems.length > 0) throw new InputErrors(problems);
  if (WRITES_AZURE.includes(mode) && circumstances.pullRequest !== undefined && !allowPullRequest) {
    throw new Refused(
      `mode ${mode} may change role assignments, and this run is for a pull request (${circumstances.pullRequest}): refused. ` +
        'Use mode check there, or set allow-pull-request: true if everyone who can open one may grant access.',
    );
  }
  if (mode === 'audit' && circumstances.pullRequest !== undefined && !allowPullRequest) {
    throw new Refused(
      `mode audit reads the cluster's pull secrets, and this run is for a pull request (${circumstances.pullRequest}): refused. ` +
        'Run it for a branch, or set allow-pull-request: true if everyone who can open one may see where credentials are.',
    );
  }
  if (PULLS.includes(mode) && verify === 'pull' && circumstances.fork === true) {
    throw new Refused(
      'this run is for a pull request from a fork: no probe runs on the cluster for it. Use mode check with verify: access.',
    );
  }

  return Object.freeze({
    mode,
    clusters: frozen(clusters),
    registries: frozen(registries),
    ...(subscriptionId === undefined ? {} : { subscriptionId: subscriptionId.toLowerCase() }),
    images: frozen(images),
    ...(namesDeployables(deployables) ? { deployables } : {}),
    maxPulls,
    importProbeImage,
    verify,
    nodePools: Object.freeze(nodePools),
    namespace,
    ...(kubeconfig === undefined
      ? {}
      : { kubeconfig: Object.freeze({ path: kubeconfig, ...(context === undefined ? {} : { context }) }) }),
    ...(pullSecret === undefined ? {} : { pullSecret }),
    ...(kubeletObjectId === undefined ? {} : { kubeletObjectId: kubeletObjectId.toLowerCase() }),
    timeoutMs,
    propagationTimeoutMs,
    nodes,
    clusterAccess,
    failOn,
    repositories: Object.freeze(repositories),
    transitionRoles,
    dryRun,
    allDirect,
    environment,
  });

  function readMode(): Mode {
    return oneOf<Mode>('mode', MODES);
  }

  function readCluster(line: string): ClusterRef | undefined {
    if (line.includes('/')) {
      const id = readResourceId(line, 'Microsoft.ContainerService/managedClusters', CLUSTER_NAME);
      return id ?? refuse('cluster', CLUSTER_FORM, line);
    }
    if (!CLUSTER_NAME.test(line)) return refuse('cluster', CLUSTER_FORM, line);
    if (!given('resource-group')) {
      return refuse('resource-group', `the resource group of cluster ${line}, because it is given by name`);
    }
    return {
      ...(subscriptionId === undefined ? {} : { subscriptionId }),
      resourceGroup: resourceGroup ?? '',
      name: line,
    };
  }

  function readRegistry(line: string): RegistryRef | undefined {
    if (line.includes('/')) {
      const id = readResourceId(line, 'Microsoft.ContainerRegistry/registries', REGISTRY_NAME);
      return id === undefined ? refuse('registry', REGISTRY_FORM, line) : { by: 'id', ...id, text: line };
    }
    if (LOGIN_SERVER.test(line)) return { by: 'login-server', loginServer: line.toLowerCase(), text: line };
    if (REGISTRY_NAME.test(line)) return { by: 'name', name: line, text: line };
    const regional = REGIONAL.test(line) ? `; ${elsewhere(line)}` : '';
    return refuse('registry', `${REGISTRY_FORM}${regional}`, line);
  }

  function readImage(line: string): ImageRef | undefined {
    const image = parseImage(line);
    return image ?? refuse('image', IMAGE_FORM, line);
  }

  /** What can't be together with the image that is imported. */
  function refuseProbeImage(modeStands: boolean): void {
    if (!importProbeImage) return;
    const no = (wanted: string): undefined => refuse('import-probe-image', wanted, 'true');
    if (modeStands && mode !== 'connect')
      no(
        `nothing in mode ${mode}, which writes nothing into a registry: run connect with it once, then name ${PROBE_REPOSITORY}:${PROBE_TAG} as image here`,
      );
    if (verify !== 'pull') no(`nothing with verify: ${verify}, which pulls nothing; or use verify: pull`);
    if (images.length > 0) no('nothing beside input image, which says already what is pulled');
    if (repositories.length > 0 && !coversRepository(repositories, PROBE_REPOSITORY))
      no(
        `nothing, or ${PROBE_REPOSITORY} among repositories: the grant is limited to ${repositories.join(', ')}, so it could not be pulled`,
      );
  }

  /** What says something only together with what is about to be deployed. */
  function refuseDeployables(modeStands: boolean): void {
    const named = (['manifests', 'helm-chart', 'kustomization'] as const).filter((input) => given(input));
    // CI systems give the default like any other value.
    const otherMaxPulls = maxPulls === MOST_PULLS ? [] : (['max-pulls'] as const);
    if (modeStands && mode !== 'check') {
      for (const input of [...named, 'helm-values', ...otherMaxPulls] as const)
        if (given(input)) refuse(input, `nothing in mode ${mode}: it belongs to mode check`, text(input));
      if (deployables.allowRemote)
        refuse('allow-remote', `nothing in mode ${mode}: it belongs to mode check`, 'true');
      return;
    }
    if (given('helm-values') && !given('helm-chart'))
      refuse('helm-chart', 'the chart that helm-values belongs to');
    if (deployables.allowRemote && !given('helm-chart') && !given('kustomization'))
      refuse('allow-remote', 'nothing without helm-chart or kustomization: only these are rendered', 'true');
    if (otherMaxPulls.length > 0 && named.length === 0)
      refuse(
        'max-pulls',
        'nothing without manifests, helm-chart or kustomization: an image that is named is always pulled',
        text('max-pulls'),
      );
    if (deployables.manifests.length > 0 && deployables.manifests.every((one) => one.startsWith('!')))
      refuse('manifests', 'a pattern that does not begin with !, to leave files out of', text('manifests'));
    for (const input of ['helm-chart', 'helm-values', 'kustomization'] as const)
      for (const name of lines(input).filter((line) => line.startsWith('-')))
        refuse(input, 'no name that begins with a dash, which would be taken for an option', name);
  }

  function refuseContradictions(): void {
    // What the inputs should be together can't be told while the mode itself is unusable.
    const modeStands = !problems.some(({ input }) => input === 'mode');
    if (modeStands && WRITES_AZURE.includes(mode) && clusters.length > 1) {
      refuse(
        'cluster',
        `one cluster in mode ${mode}; only check and plan take several`,
        lines('cluster').join(', '),
      );
    }
    for (const input of ['dry-run', 'all-direct'] as const) {
      // Whoever sets it anywhere else believes that less, or more, is done than is.
      if (modeStands && mode !== 'disconnect' && text(input) === 'true')
        refuse(input, `nothing in mode ${mode}: it belongs to mode disconnect`, 'true');
    }
    refuseProbeImage(modeStands);
    refuseDeployables(modeStands);
    if (modeStands) {
      const asked = { mode, verify, clusterAccess, registries, repositories, transitionRoles };
      problems.push(...pullSecretProblems(asked, given, text));
    }
    if (modeStands && mode === 'audit' && clusterAccess === 'run-command') {
      refuse(
        'cluster-access',
        'direct or auto in mode audit, which reads secrets: Azure keeps what a command of AKS run command prints',
        'run-command',
      );
    }
    if (modeStands && mode === 'disconnect' && transitionRoles) {
      refuse('transition-roles', 'nothing in mode disconnect, which removes both roles of this tool', 'true');
    }
    if (modeStands && mode === 'check' && verify === 'none') {
      refuse('verify', 'pull or access in mode check: with none there is nothing to check', 'none');
    }
    if (verify !== 'pull') {
      // With something to be deployed, images and pools are judged without a pull.
      for (const input of namesDeployables(deployables) ? [] : (['image', 'node-pools'] as const)) {
        if (given(input))
          refuse(
            input,
            `nothing with verify: ${verify}, which pulls nothing; or use verify: pull`,
            text(input),
          );
      }
    }
    if (propagationTimeoutMs > timeoutMs && timeoutMs > 0 && given('propagation-timeout')) {
      refuse(
        'propagation-timeout',
        `no longer than timeout (${text('timeout')})`,
        text('propagation-timeout'),
      );
    }
    if (given('client-id') && !given('tenant-id')) refuse('tenant-id', 'the tenant of client-id');
    if (given('tenant-id') && !given('client-id'))
      refuse('client-id', 'the application to sign in as, because tenant-id is given');
    if (given('audience') && !given('client-id')) {
      refuse('client-id', 'the application to sign in as, because audience is given');
    }
    const byName = [
      ...lines('cluster').filter((line) => !line.includes('/')),
      // With a pull secret Azure is never asked about the registry.
      ...lines('registry').filter((line) => !line.includes('/') && pullSecret === undefined),
    ];
    if (byName.length > 0 && !given('subscription-id') && circumstances.needsSubscription === true) {
      refuse(
        'subscription-id',
        `the subscription of ${byName.join(', ')}: given by name, and this login has no subscription of its own`,
      );
    }
    if (
      resourceGroup !== undefined &&
      clusters.length > 0 &&
      clusters.every((cluster) => cluster.resourceGroup.toLowerCase() !== resourceGroup.toLowerCase())
    ) {
      refuse(
        'resource-group',
        `the group in the cluster's resource id (${clusters[0]?.resourceGroup ?? ''}), or nothing`,
        resourceGroup,
      );
    }
    if (given('kubelet-object-id') && clusters.length > 1) {
      refuse(
        'kubelet-object-id',
        'nothing when several clusters are given: it belongs to one',
        text('kubelet-object-id'),
      );
    }
    for (const image of images) {
      if (repositories.length > 0 && !coversRepository(repositories, image.repository)) {
        refuse('image', `an image of ${repositories.join(', ')}, as repositories says`, image.text);
      }
      if (image.host === undefined && registries.length > 1) {
        refuse(
          'image',
          'a full reference (login server, slash, repository), because several registries are given',
          image.text,
        );
      }
      if (
        image.host !== undefined &&
        registries.length > 0 &&
        !registries.some((registry) => mayBelongTo(registry, image.host ?? ''))
      ) {
        refuse(
          'image',
          `an image of ${registries.map((registry) => registry.text).join(' or ')}; ${elsewhere(image.host)}`,
          image.text,
        );
      }
    }
  }
}

/** A well-formed id of a resource of this type, in a resource group; else undefined. */
function readResourceId(
  text: string,
  type: string,
  nameForm: RegExp,
): { subscriptionId: string; resourceGroup: string; name: string } | undefined {
  const parts = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+\/[^/]+)\/([^/]+)\/?$/i;
  const [, subscription = '', resourceGroup = '', itsType = '', name = ''] = parts.exec(text) ?? [];
  const wellFormed =
    GUID.test(subscription) &&
    RESOURCE_GROUP.test(resourceGroup) &&
    itsType.toLowerCase() === type.toLowerCase() &&
    nameForm.test(name);
  return wellFormed ? { subscriptionId: subscription.toLowerCase(), resourceGroup, name } : undefined;
}

/** What an image's host is, that is none of the registries'. */
function elsewhere(host: string): string {
  const [, name, suffix] = REGIONAL.exec(host) ?? [];
  return name === undefined
    ? 'this one is in another registry'
    : `${host} is the endpoint of a registry in one region: its login server is ${name}${suffix ?? ''}`;
}

function frozen<T extends object>(refs: T[]): readonly T[] {
  return Object.freeze(refs.map((ref) => Object.freeze(ref)));
}

/**
 * Whether an image's host can be this registry's login server, as far as the input tells. For a registry given by name
 * or id the final word is ARM's.
 */
export function mayBelongTo(registry: RegistryRef, host: string): boolean {
  if (registry.by === 'login-server') return registry.loginServer === host;
  const name = registry.name.toLowerCase();
  return host.startsWith(`${name}.`) || host.startsWith(`${name}-`);
}

/** `repo:tag`, `repo@sha256:…`, or the same after `host/`; undefined when it is none of these. A tag or digest is needed. */
export function parseImage(text: string): ImageRef | undefined {
  const slash = text.indexOf('/');
  const first = slash === -1 ? '' : text.slice(0, slash);
  // As https://github.com/distribution/reference does: a first part with a dot or a colon is a host.
  const host = /[.:]/.test(first) ? first.toLowerCase() : undefined;
  const rest = host === undefined ? text : text.slice(slash + 1);
  const [named = '', digest, ...more] = rest.split('@');
  const colon = named.lastIndexOf(':');
  const repository = colon === -1 ? named : named.slice(0, colon);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  if (more.length > 0 || (tag === undefined && digest === undefined)) return undefined;
  if (!REPOSITORY.test(repository) || repository.length > LONGEST_REPOSITORY) return undefined;
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  if (digest !== undefined && !DIGEST.test(digest)) return undefined;
  return {
    ...(host === undefined ? {} : { host }),
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    text,
  };
}

/** `1h30m`, `10m`, `90s` → milliseconds; undefined when it is none. A number without a unit is none. */
export function parseDuration(text: string): number | undefined {
  const parts = /^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/.exec(text);
  if (parts === null || text === '') return undefined;
  const [, hours = '0', minutes = '0', seconds = '0'] = parts;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}
