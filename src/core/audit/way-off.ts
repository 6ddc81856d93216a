/**
 * The way off stored credentials, as steps in safe order: pods start after every one of them. Printed, never applied: each
 * has its commands and how to undo it. No command holds a credential, and none puts one into an argument list. Pure.
 */
import { assignGrant, assignmentAt, command, kubeletObjectId, registryScope } from '../diagnosis/commands.js';
import type { Command, Named } from '../diagnosis/commands.js';
import { fix } from '../diagnosis/fixes.js';
import type { Allowed, PlannedGrant } from '../report.js';
import { shellWord } from '../shell.js';
import type { FoundSecret } from './gather.js';
import type { Release } from './helm.js';
import { TOKEN_USER } from './kind.js';
import type { AuditedCredential, AuditStep, Use } from './model.js';
import { WORKLOAD_KINDS } from './objects.js';
import type { Account, Workload } from './objects.js';
import { patchCommand, withoutSecrets } from './patches.js';
import type { CodeFinding } from './sources.js';

/** A pull secret with what is known of it. */
export interface AuditedSecret {
  secret: FoundSecret;
  credential: AuditedCredential;
}

export interface WayOffFacts {
  cluster: { id?: string; name: string; resourceGroup: string; apart?: boolean };
  registry: Named & { loginServer: string };
  /** Object id of the kubelet identity, where it is known. */
  principalId?: string;
  kubeletIsServicePrincipal: boolean;
  allowed: Allowed;
  /** The grants that connect would write. */
  missing: readonly PlannedGrant[];
  secrets: readonly AuditedSecret[];
  accounts: readonly Account[];
  workloads: readonly Workload[];
  releases: readonly Release[];
  /** Images of the registry that pods with these secrets pull, as full references. */
  images: readonly string[];
  code: readonly CodeFinding[];
}

/** Images that one check is asked to pull. */
const MOST_IMAGES = 5;
const RESTARTED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);

/** The steps; empty when there is nothing to get off. */
export function wayOff(facts: WayOffFacts): AuditStep[] {
  const inCluster =
    facts.secrets.length > 0 || facts.releases.some(({ credentials }) => credentials.length > 0);
  if (!inCluster && facts.code.length === 0) return [];
  const steps = [
    grantStep(facts),
    proveStep(facts),
    ...(inCluster ? [referencesStep(facts), secretsStep(facts)] : []),
    ...(facts.code.length === 0 ? [] : [codeStep(facts)]),
    proveAgainStep(facts),
  ];
  return steps;
}

const line = (text: string): Command => ({ pasteable: text, literal: text });

function grantStep({
  cluster,
  registry,
  principalId,
  kubeletIsServicePrincipal,
  allowed,
  missing,
}: WayOffFacts): AuditStep {
  const title = `let the kubelet identity pull from ${registry.loginServer}`;
  const none = fix('Nothing to undo.');
  if (allowed === true) return { id: 'grant', title, do: fix('It may already: nothing to do.'), undo: none };
  if (missing.length === 0 || principalId === undefined) {
    const words =
      'Whether it may could not be told, or a grant alone would not help: this says what stands in the way. Go on only once it may.';
    return { id: 'grant', title, do: fix(words, ours('check', { cluster, registry })), undo: none };
  }
  const principal = kubeletIsServicePrincipal ? principalId : kubeletObjectId(cluster, principalId);
  const roles = missing.map(({ roleName }) => roleName).join(' and ');
  return {
    id: 'grant',
    title,
    do: fix(
      `Give it ${roles} at the registry: the same grant that aks-acr-pull connect makes.`,
      ...missing.map((grant) => assignGrant(grant, principal, registryScope(registry))),
    ),
    undo: fix(
      'Take it away again; pods that have no pull secret any more can then not pull.',
      ...missing.map(({ name }) =>
        command('az', 'role', 'assignment', 'delete', '--ids', assignmentAt(registry, name)),
      ),
    ),
  };
}

function ours(
  mode: 'check' | 'audit',
  { cluster, registry }: Pick<WayOffFacts, 'cluster' | 'registry'>,
  images: readonly string[] = [],
): Command {
  return command(
    ...['aks-acr-pull', mode, '--cluster', cluster.name, '-g', cluster.resourceGroup],
    ...['--registry', registry.loginServer],
    ...images.flatMap((image) => ['--image', image]),
  );
}

function proveStep(facts: WayOffFacts): AuditStep {
  return {
    id: 'prove',
    title: 'prove that the nodes pull without a secret',
    do: fix(
      'A pod without any pull secret pulls on every node pool. Go on only when it passes; a new grant may take ten minutes to work.',
      ours('check', facts, facts.images.slice(0, MOST_IMAGES)),
    ),
    undo: fix('Nothing to undo: the probe is removed again.'),
  };
}

/** What goes as a whole; a Secret with other registries' credentials stays, and so do the references to it. */
function goes({ secret }: AuditedSecret): boolean {
  return secret.others.length === 0 && secret.held.every(({ host }) => !host.includes('*'));
}

function referencesStep(facts: WayOffFacts): AuditStep {
  const going = facts.secrets.filter(goes);
  const goneIn = (namespace: string): ReadonlySet<string> =>
    new Set(going.filter(({ secret }) => secret.namespace === namespace).map(({ secret }) => secret.name));
  const off: Command[] = [];
  const back: Command[] = [];
  const remarks: string[] = [];
  const holders = [
    ...facts.workloads.map((one) => ({ one, kind: WORKLOAD_KINDS.find(({ kind }) => kind === one.kind) })),
    ...facts.accounts.map((one) => ({ one, kind: undefined })),
  ];
  for (const { one, kind } of holders) {
    const gone = goneIn(one.namespace);
    if (!one.secrets.some((name) => gone.has(name)) || ('over' in one && one.over)) continue;
    if (one.release !== undefined) continue;
    if ('owner' in one && one.owner !== undefined) {
      // What controls it is told itself, where its kind is one that was listed.
      const [kindOfOwner = '', name = ''] = one.owner.split('/');
      if (!WORKLOAD_KINDS.some((known) => known.kind === kindOfOwner))
        remarks.push(
          `${kindOfOwner} ${one.namespace}/${name} makes pods that name them: take imagePullSecrets out of it.`,
        );
      continue;
    }
    if (kind?.patchable === false) {
      remarks.push(
        `${one.kind} ${one.namespace}/${one.name} can't be changed: make it anew without imagePullSecrets.`,
      );
      continue;
    }
    const at = kind === undefined ? '' : `/${kind.spec.join('/')}`;
    const patches = withoutSecrets(at, one.secrets, gone);
    const resource = kind === undefined ? 'serviceaccount' : one.kind.toLowerCase();
    off.push(line(patchCommand(resource, one, patches.off)));
    back.push(line(patchCommand(resource, one, patches.back)));
  }
  const restarts = going
    .flatMap(({ credential }) => credential.usedBy)
    .filter(({ kind, via }) => RESTARTED.has(kind) && via.startsWith('service account '));
  for (const use of distinct(restarts)) {
    const words = ['rollout', 'restart', use.kind.toLowerCase(), use.name, '-n', use.namespace];
    off.push(command('kubectl', ...words));
  }
  for (const { release, set } of releasesOf(facts, going)) {
    const { name, namespace } = release;
    const values = set.flatMap(({ path, value }) =>
      value === undefined ? [] : ['--set-json', `${path}=${value}`],
    );
    if (values.length > 0) {
      const words = ['upgrade', name, '"$CHART"', '-n', namespace, '--reuse-values', ...values];
      off.push(
        line(['helm', ...words].map((word) => (word === '"$CHART"' ? word : shellWord(word))).join(' ')),
      );
    }
    back.push(command('helm', 'rollback', name, '-n', namespace));
    const paths = set.map(({ path }) => path).join(', ');
    remarks.push(
      set.length > 0
        ? `Helm release ${namespace}/${name} (chart ${release.chart}) names them in its values ${paths}: take them out of its values files too, and ${values.length > 0 ? 'set CHART to where the chart comes from' : 'upgrade it'}.`
        : `Helm release ${namespace}/${name} (chart ${release.chart}) brings them: take imagePullSecrets out of its templates or values, and upgrade it.`,
    );
  }
  for (const release of facts.releases.filter(({ credentials }) => credentials.length > 0)) {
    const places = release.credentials.map((one) =>
      'manifest' in one
        ? `the Secret ${one.manifest} of its manifest`
        : one.path === ''
          ? 'its values'
          : one.path,
    );
    remarks.push(
      `Helm release ${release.namespace}/${release.name} holds a password in ${places.join(', ')}: take it out of its values files or templates and upgrade it; former revisions keep it until they are gone (helm upgrade --history-max).`,
    );
  }
  const kept = facts.secrets.filter((one) => !goes(one));
  for (const { secret } of kept)
    remarks.push(
      `Secret ${secret.namespace}/${secret.name} holds credentials for other registries too: what names it stays.`,
    );
  const nothing = off.length === 0 && remarks.length === 0;
  return {
    id: 'remove-references',
    title: 'take the secrets out of service accounts and workloads',
    do: fix(
      nothing
        ? 'Nothing names them.'
        : [
            'New pods pull as the kubelet identity from now on, and each rollout proves it while the secret is still there. Watch each: kubectl rollout status.',
            ...new Set(remarks),
          ].join('\n'),
      ...off,
    ),
    undo: fix(nothing ? 'Nothing to undo.' : 'Each patch sets the list as it was.', ...back),
  };
}

/** A release that brings references, with the values that name them and what each is to be instead, as JSON. */
interface ReleaseToChange {
  release: Pick<Release, 'name' | 'namespace' | 'chart'>;
  set: { path: string; value?: string }[];
}

/** Releases that name a secret in their values or manifests, or brought what uses it, or the secret itself. */
function releasesOf({ releases }: WayOffFacts, going: readonly AuditedSecret[]): ReleaseToChange[] {
  const found = new Map<string, ReleaseToChange>();
  for (const release of releases) {
    const { namespace, name } = release;
    const gone = new Set(
      going.filter(({ secret }) => secret.namespace === namespace).map(({ secret }) => secret.name),
    );
    const set = withoutNames(release.named, gone);
    if (set.length > 0 || release.inManifest.some((one) => gone.has(one)))
      found.set(`${namespace}/${name}`, { release, set });
  }
  const users: { namespace: string; release?: string }[] = [
    ...going.flatMap(({ credential }) => credential.usedBy),
    ...going.map(({ secret }) => secret),
  ];
  for (const { namespace, release: name } of users) {
    if (name === undefined || found.has(`${namespace}/${name}`)) continue;
    const known = releases.find((one) => one.namespace === namespace && one.name === name);
    found.set(`${namespace}/${name}`, { release: known ?? { name, namespace, chart: 'unknown' }, set: [] });
  }
  return [...found.values()];
}

/** Up to the key that names pull secrets, and what stands below it. */
const SECRETS_KEY = /^(.*?pull-?secrets?)(?=$|[.[])(.*)$/i;

/** Values that name secrets which go, and the same without these; the others in a list stay. */
function withoutNames(named: Release['named'], gone: ReadonlySet<string>): ReleaseToChange['set'] {
  const lists = new Map<string, { below: string; name: string }[]>();
  for (const { path, name } of named) {
    const [, list = path, below = ''] = SECRETS_KEY.exec(path) ?? [];
    lists.set(list, [...(lists.get(list) ?? []), { below, name }]);
  }
  return [...lists].flatMap(([path, entries]) => {
    if (!entries.some(({ name }) => gone.has(name))) return [];
    const rest = entries.filter(({ name }) => !gone.has(name)).map(({ name }) => name);
    const all = (shape: RegExp): boolean => entries.every(({ below }) => shape.test(below));
    if (all(/^$/)) return [{ path, value: '""' }];
    if (all(/^\[\d+\]$/)) return [{ path, value: JSON.stringify(rest) }];
    if (all(/^\[\d+\]\.name$/)) return [{ path, value: JSON.stringify(rest.map((name) => ({ name }))) }];
    // Some shape of the chart's own: only whoever knows the chart can tell what it takes instead.
    return [{ path }];
  });
}

function distinct(uses: readonly Use[]): Use[] {
  return [...new Map(uses.map((use) => [`${use.kind}/${use.namespace}/${use.name}`, use])).values()];
}

/** What `docker login` would have written, without a credential in any argument or file. */
function newSecret({ secret, credential }: AuditedSecret, { registry }: WayOffFacts): Command | undefined {
  if (credential.kind !== 'expose-token' || secret.type !== 'kubernetes.io/dockerconfigjson')
    return undefined;
  const filter = `{auths: {(.loginServer): {username: "${TOKEN_USER}", password: .accessToken}}}`;
  return line(
    [
      `az acr login -n ${shellWord(registry.name)} --expose-token -o json`,
      `jq ${shellWord(filter)}`,
      `kubectl create secret generic ${shellWord(secret.name)} -n ${shellWord(secret.namespace)} --type ${secret.type} --from-file .dockerconfigjson=/dev/stdin`,
    ].join(' | '),
  );
}

function secretsStep(facts: WayOffFacts): AuditStep {
  const remarks: string[] = [];
  const off: Command[] = [];
  const back: Command[] = [];
  for (const audited of facts.secrets) {
    const { secret, credential } = audited;
    const { namespace, name, held, type } = secret;
    if (secret.madeBy !== undefined)
      remarks.push(
        `Secret ${namespace}/${name} was made by ${secret.madeBy}: take it out there, or it comes back.`,
      );
    if (!goes(audited)) {
      remarks.push(
        `Of secret ${namespace}/${name} only the entry of ${held.map(({ host }) => host).join(', ')} goes; look first whether a pattern is meant for other registries too.`,
      );
      const exact = held.filter(({ host }) => !host.includes('*'));
      if (type === 'kubernetes.io/dockerconfigjson' && exact.length > 0) {
        const hosts = exact.map(({ host }) => host);
        off.push(line(withoutEntries(secret, hosts)));
        back.push(...saved(secret, 'replace'));
      }
      continue;
    }
    if (secret.release === undefined) off.push(command('kubectl', 'delete', 'secret', name, '-n', namespace));
    const again = newSecret(audited, facts);
    if (again !== undefined) back.push(again);
    else if (credential.works !== false) back.push(...saved(secret, 'create'));
  }
  return {
    id: 'remove-secrets',
    title: 'remove the secrets',
    do: fix(
      [
        'Nothing pulls with them any more. What runs keeps running.',
        ...remarks,
        ...new Set(facts.secrets.flatMap(({ credential }) => atItsSource(credential, facts))),
      ].join('\n'),
      ...off,
    ),
    undo: fix(
      back.length === 0
        ? 'What no longer works needs no undoing.'
        : 'A token is made anew. Of another secret the first line, run before this step, saves it to a file that only you can read; the second brings it back. Delete the file once all is proved.',
      ...back,
    ),
  };
}

/** Saves a Secret to a file that only its owner can read; and makes it again, or as it was. */
function saved({ namespace, name }: FoundSecret, how: 'create' | 'replace'): Command[] {
  const file = shellWord(`${namespace}.${name}.secret.json`);
  const strip =
    'del(.metadata.resourceVersion, .metadata.uid, .metadata.creationTimestamp, .metadata.managedFields)';
  return [
    line(
      `(umask 077 && kubectl get secret ${shellWord(name)} -n ${shellWord(namespace)} -o json | jq ${shellWord(strip)} > ${file})`,
    ),
    line(`kubectl ${how} -f ${file}`),
  ];
}

/** Takes entries out of a Secret and leaves the others, through pipes alone. */
function withoutEntries({ namespace, name }: FoundSecret, hosts: readonly string[]): string {
  const filter = `.data[".dockerconfigjson"] |= (@base64d | fromjson | .auths |= with_entries(select(.key | sub("^https?://"; "") | split("/")[0] | ascii_downcase | IN(${hosts.map((host) => JSON.stringify(host)).join(', ')}) | not)) | tojson | @base64)`;
  return `kubectl get secret ${shellWord(name)} -n ${shellWord(namespace)} -o json | jq ${shellWord(filter)} | kubectl replace -f -`;
}

/** The credential itself lives on at the registry or in the directory; others than this cluster may use it. */
function atItsSource({ kind, user = '' }: AuditedCredential, { registry }: WayOffFacts): string[] {
  switch (kind) {
    case 'admin-user':
      return [
        `The admin user works on elsewhere: once nobody else uses it, az acr update -n ${registry.name} --admin-enabled false`,
      ];
    case 'repository-token':
      return [
        `The registry's token works on elsewhere: once nobody else uses it, az acr token delete -n ${shellWord(user)} -r ${registry.name}`,
      ];
    case 'service-principal':
      return [
        `The service principal works on elsewhere: once nobody else uses it, take its secret and its role at ${registry.name} away.`,
      ];
    case 'expose-token':
    case 'unknown':
      return [];
  }
}

function codeStep({ code }: WayOffFacts): AuditStep {
  const lines = code.map(({ file, line: at, instead }) => `${file}:${at}: ${instead}.`);
  return {
    id: 'remove-code',
    title: 'remove the code that makes them',
    do: fix(['Else the next run makes them again.', ...new Set(lines)].join('\n')),
    undo: fix('Put the change back with your version control.'),
  };
}

function proveAgainStep(facts: WayOffFacts): AuditStep {
  return {
    id: 'prove-again',
    title: 'prove it again',
    do: fix(
      'The nodes still pull, and no credential is left.',
      ours('check', facts, facts.images.slice(0, MOST_IMAGES)),
      ours('audit', facts),
    ),
    undo: fix('Nothing to undo.'),
  };
}
