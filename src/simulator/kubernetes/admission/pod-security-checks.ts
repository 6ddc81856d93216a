/**
 * The checks of the Pod Security Standards with the words in which the API server tells of them (kubernetes/kubernetes,
 * staging pod-security-admission policy/check_*.go, v1.36). Ephemeral containers aren't modelled.
 */
import type { CommonSecurityContext, Container, Handler, PodSpec } from '../objects.js';
import { containersOf } from './plugin.js';
import type { PodLike } from './plugin.js';

export type StandardLevel = 'baseline' | 'restricted';

/** Why a pod breaks a standard: in short, and which part of it. */
export interface Breach {
  reason: string;
  detail: string;
}

interface Check {
  id: string;
  level: StandardLevel;
  /** Minor version of the standard from which the check holds. */
  since: number;
  /** The baseline check that this one of `restricted` stands in for. */
  overrides?: string;
  check(pod: PodLike, minor: number): Breach | undefined;
}

/** `"a", "b"`. */
const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
const plural = (count: number, one: string, more = `${one}s`): string => (count === 1 ? one : more);
const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();
const containers = (names: readonly string[]): string =>
  `${plural(names.length, 'container')} ${quoted(names)}`;

/** Whether a volume is of a type; an empty key is as good as none. */
const has = (volume: Readonly<Record<string, unknown>>, type: string): boolean =>
  volume[type] !== undefined && volume[type] !== null;

/** Names of the containers that something holds for. */
function which(spec: PodSpec, holds: (container: Container) => boolean): string[] {
  return containersOf(spec)
    .filter(holds)
    .map(({ name }) => name);
}

/** Who sets something: `pod`, `container "a"`, `pod and containers "a", "b"`. */
function setters(spec: PodSpec, bad: (context: CommonSecurityContext) => boolean): string | undefined {
  const names = which(spec, ({ securityContext }) => securityContext !== undefined && bad(securityContext));
  const who = [
    ...(spec.securityContext !== undefined && bad(spec.securityContext) ? ['pod'] : []),
    ...(names.length > 0 ? [containers(names)] : []),
  ];
  return who.length === 0 ? undefined : who.join(' and ');
}

/** Values of the pod's and the containers' security contexts, each once, sorted. */
function valuesOf(spec: PodSpec, pick: (context: CommonSecurityContext) => string | undefined): string[] {
  const contexts: (CommonSecurityContext | undefined)[] = [
    spec.securityContext,
    ...containersOf(spec).map(({ securityContext }) => securityContext),
  ];
  return sorted(contexts.flatMap((context) => (context === undefined ? [] : (pick(context) ?? []))));
}

const onWindows = (spec: PodSpec): boolean => spec.os?.name === 'windows';
/** From 1.25 on Windows pods are excused from what Windows has not. */
const excused = (spec: PodSpec, minor: number): boolean => minor >= 25 && onWindows(spec);
/** A pod with a user namespace of its own may be root in it, from 1.35 on. */
const userNamespace = (spec: PodSpec, minor: number): boolean => minor >= 35 && spec.hostUsers === false;

const PROFILES = ['RuntimeDefault', 'Localhost'];
const badProfile = (profile: { type?: string } | undefined): string | undefined =>
  profile === undefined || PROFILES.includes(profile.type ?? '') ? undefined : (profile.type ?? '');

const BASELINE_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

function addedBeyond(spec: PodSpec, allowed: readonly string[]): string | undefined {
  const beyond = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((one) => !allowed.includes(one));
  const bad = which(spec, (container) => beyond(container).length > 0);
  if (bad.length === 0) return undefined;
  const names = sorted(containersOf(spec).flatMap(beyond));
  return `${containers(bad)} must not include ${quoted(names)} in securityContext.capabilities.add`;
}

const SYSCTLS: readonly (readonly [number, readonly string[]])[] = [
  [
    0,
    [
      'kernel.shm_rmid_forced',
      'net.ipv4.ip_local_port_range',
      'net.ipv4.tcp_syncookies',
      'net.ipv4.ping_group_range',
      'net.ipv4.ip_unprivileged_port_start',
    ],
  ],
  [27, ['net.ipv4.ip_local_reserved_ports']],
  [
    29,
    [
      'net.ipv4.tcp_keepalive_time',
      'net.ipv4.tcp_fin_timeout',
      'net.ipv4.tcp_keepalive_intvl',
      'net.ipv4.tcp_keepalive_probes',
    ],
  ],
  [32, ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']],
];

const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

function handlersOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): Handler[] {
  return [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].filter(
    (handler) => handler !== undefined,
  );
}

const handlerHosts = (container: Container): string[] =>
  handlersOf(container)
    .flatMap(({ httpGet, tcpSocket }) => [httpGet?.host ?? '', tcpSocket?.host ?? ''])
    .filter((host) => host !== '');

const APP_ARMOR_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';
const appArmorAnnotation = ([key, value]: [string, string]): boolean =>
  key.startsWith(APP_ARMOR_PREFIX) &&
  value !== '' &&
  value !== 'runtime/default' &&
  !value.startsWith('localhost/');

/** A check that holds for each container: those it finds, named in one sentence. */
const perContainer =
  (reason: string, bad: (container: Container) => boolean, words: string) =>
  ({ spec }: PodLike): Breach | undefined => {
    const names = which(spec, bad);
    return names.length === 0 ? undefined : { reason, detail: `${containers(names)} ${words}` };
  };

const noPrivilegeEscalation = perContainer(
  'allowPrivilegeEscalation != false',
  ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
  'must set securityContext.allowPrivilegeEscalation=false',
);

const CHECKS: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    level: 'restricted',
    since: 8,
    check: (pod, minor) => (excused(pod.spec, minor) ? undefined : noPrivilegeEscalation(pod)),
  },
  {
    id: 'appArmorProfile',
    level: 'baseline',
    since: 0,
    check({ spec, metadata }) {
      const bad = ({ appArmorProfile }: CommonSecurityContext) => badProfile(appArmorProfile);
      const annotations = Object.entries(metadata.annotations ?? {})
        .filter(appArmorAnnotation)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .sort();
      const who = [
        setters(spec, (context) => bad(context) !== undefined) ?? [],
        annotations.length > 0 ? plural(annotations.length, 'annotation') : [],
      ].flat();
      const values = [...valuesOf(spec, bad), ...annotations];
      if (who.length === 0) return undefined;
      return {
        reason: plural(values.length, 'forbidden AppArmor profile'),
        detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
      };
    },
  },
  {
    id: 'capabilities_baseline',
    level: 'baseline',
    since: 0,
    check({ spec }) {
      const detail = addedBeyond(spec, BASELINE_CAPABILITIES);
      return detail === undefined ? undefined : { reason: 'non-default capabilities', detail };
    },
  },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    since: 22,
    overrides: 'capabilities_baseline',
    check({ spec }, minor) {
      if (excused(spec, minor)) return undefined;
      const keeping = which(
        spec,
        ({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') !== true,
      );
      const details = [
        ...(keeping.length > 0
          ? [`${containers(keeping)} must set securityContext.capabilities.drop=["ALL"]`]
          : []),
        addedBeyond(spec, ['NET_BIND_SERVICE']) ?? [],
      ].flat();
      return details.length === 0
        ? undefined
        : { reason: 'unrestricted capabilities', detail: details.join('; ') };
    },
  },
  {
    id: 'hostNamespaces',
    level: 'baseline',
    since: 0,
    check({ spec }) {
      const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true);
      return shared.length === 0
        ? undefined
        : { reason: 'host namespaces', detail: shared.map((field) => `${field}=true`).join(', ') };
    },
  },
  {
    id: 'hostPathVolumes',
    level: 'baseline',
    since: 0,
    check({ spec }) {
      const names = (spec.volumes ?? []).filter((one) => has(one, 'hostPath')).map(({ name }) => name);
      return names.length === 0
        ? undefined
        : { reason: 'hostPath volumes', detail: `${plural(names.length, 'volume')} ${quoted(names)}` };
    },
  },
  {
    id: 'hostPorts',
    level: 'baseline',
    since: 0,
    check({ spec }) {
      const portsOf = ({ ports = [] }: Container): string[] =>
        ports.flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [String(hostPort)]));
      const bad = which(spec, (container) => portsOf(container).length > 0);
      if (bad.length === 0) return undefined;
      const ports = sorted(containersOf(spec).flatMap(portsOf));
      return {
        reason: 'hostPort',
        detail: `${containers(bad)} ${plural(bad.length, 'uses', 'use')} ${plural(ports.length, 'hostPort')} ${ports.join(', ')}`,
      };
    },
  },
  {
    id: 'hostProbesAndHostLifecycle',
    level: 'baseline',
    since: 34,
    check({ spec }) {
      const bad = sorted(which(spec, (container) => handlerHosts(container).length > 0));
      if (bad.length === 0) return undefined;
      const hosts = sorted(containersOf(spec).flatMap(handlerHosts));
      return {
        reason: 'probe or lifecycle host',
        detail: `${containers(bad)} ${plural(bad.length, 'uses', 'use')} ${plural(hosts.length, 'probe or lifecycle host')} ${quoted(hosts)}`,
      };
    },
  },
  {
    id: 'privileged',
    level: 'baseline',
    since: 0,
    check: perContainer(
      'privileged',
      ({ securityContext }) => securityContext?.privileged === true,
      'must not set securityContext.privileged=true',
    ),
  },
  {
    id: 'procMount',
    level: 'baseline',
    since: 0,
    check: ({ spec }, minor) => (userNamespace(spec, minor) ? undefined : badProcMount(spec)),
  },
  {
    id: 'procMount_restricted',
    level: 'restricted',
    since: 35,
    overrides: 'procMount',
    check: ({ spec }) => badProcMount(spec),
  },
  {
    id: 'restrictedVolumes',
    level: 'restricted',
    since: 0,
    overrides: 'hostPathVolumes',
    check({ spec }) {
      const bad = (spec.volumes ?? []).filter((volume) => !VOLUMES.some((type) => has(volume, type)));
      if (bad.length === 0) return undefined;
      const types = sorted(
        bad.map((volume) => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'),
      );
      return {
        reason: 'restricted volume types',
        detail: `${plural(bad.length, 'volume')} ${quoted(bad.map(({ name }) => name))} ${plural(bad.length, 'uses', 'use')} ${plural(types.length, 'restricted volume type')} ${quoted(types)}`,
      };
    },
  },
  {
    id: 'runAsNonRoot',
    level: 'restricted',
    since: 0,
    check({ spec }, minor) {
      if (userNamespace(spec, minor)) return undefined;
      const reason = 'runAsNonRoot != true';
      const who = setters(spec, ({ runAsNonRoot }) => runAsNonRoot === false);
      if (who !== undefined)
        return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
      if (spec.securityContext?.runAsNonRoot === true) return undefined;
      const bad = which(spec, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
      return bad.length === 0
        ? undefined
        : { reason, detail: `pod or ${containers(bad)} must set securityContext.runAsNonRoot=true` };
    },
  },
  {
    id: 'runAsUser',
    level: 'restricted',
    since: 23,
    check({ spec }, minor) {
      if (userNamespace(spec, minor)) return undefined;
      const who = setters(spec, ({ runAsUser }) => runAsUser === 0);
      return who === undefined
        ? undefined
        : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` };
    },
  },
  {
    id: 'seLinuxOptions',
    level: 'baseline',
    since: 0,
    check({ spec }, minor) {
      const allowed = [
        '',
        'container_t',
        'container_init_t',
        'container_kvm_t',
        ...(minor >= 31 ? ['container_engine_t'] : []),
      ];
      const badType = ({ seLinuxOptions }: CommonSecurityContext): string | undefined =>
        allowed.includes(seLinuxOptions?.type ?? '') ? undefined : seLinuxOptions?.type;
      const has = (field: 'user' | 'role', { seLinuxOptions }: CommonSecurityContext): boolean =>
        (seLinuxOptions?.[field] ?? '') !== '';
      const who = setters(
        spec,
        (context) => badType(context) !== undefined || has('user', context) || has('role', context),
      );
      if (who === undefined) return undefined;
      const types = valuesOf(spec, badType);
      const data = [
        ...(types.length > 0 ? [`${plural(types.length, 'type')} ${quoted(types)}`] : []),
        ...(['user', 'role'] as const)
          .filter((field) => setters(spec, (context) => has(field, context)) !== undefined)
          .map((field) => `${field} may not be set`),
      ];
      return {
        reason: 'seLinuxOptions',
        detail: `${who} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`,
      };
    },
  },
  {
    id: 'seccompProfile_baseline',
    level: 'baseline',
    since: 19,
    check: ({ spec }) => badSeccomp(spec),
  },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    since: 19,
    overrides: 'seccompProfile_baseline',
    check({ spec }, minor) {
      if (excused(spec, minor)) return undefined;
      const worse = badSeccomp(spec);
      if (worse !== undefined || spec.securityContext?.seccompProfile !== undefined) return worse;
      const bad = which(spec, ({ securityContext }) => securityContext?.seccompProfile === undefined);
      return bad.length === 0
        ? undefined
        : {
            reason: 'seccompProfile',
            detail: `pod or ${containers(bad)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
          };
    },
  },
  {
    id: 'sysctls',
    level: 'baseline',
    since: 0,
    check({ spec }, minor) {
      const allowed = SYSCTLS.flatMap(([since, names]) => (since <= minor ? names : []));
      const bad = (spec.securityContext?.sysctls ?? []).filter(({ name }) => !allowed.includes(name));
      return bad.length === 0
        ? undefined
        : { reason: 'forbidden sysctls', detail: bad.map(({ name }) => name).join(', ') };
    },
  },
  {
    id: 'windowsHostProcess',
    level: 'baseline',
    since: 0,
    check({ spec }) {
      const who = setters(spec, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
      return who === undefined
        ? undefined
        : {
            reason: 'hostProcess',
            detail: `${who} must not set securityContext.windowsOptions.hostProcess=true`,
          };
    },
  },
];

function badProcMount(spec: PodSpec): Breach | undefined {
  const mount = ({ securityContext }: Container): string[] =>
    (securityContext?.procMount ?? 'Default') === 'Default' ? [] : [securityContext?.procMount ?? ''];
  const bad = which(spec, (container) => mount(container).length > 0);
  if (bad.length === 0) return undefined;
  const mounts = sorted(containersOf(spec).flatMap(mount));
  return {
    reason: 'procMount',
    detail: `${containers(bad)} must not set securityContext.procMount to ${quoted(mounts)}`,
  };
}

function badSeccomp(spec: PodSpec): Breach | undefined {
  const bad = ({ seccompProfile }: CommonSecurityContext) => badProfile(seccompProfile);
  const who = setters(spec, (context) => bad(context) !== undefined);
  return who === undefined
    ? undefined
    : {
        reason: 'seccompProfile',
        detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(valuesOf(spec, bad))}`,
      };
}

/**
 * How a pod breaks a standard of a version, in the order in which the API server tells it: baseline checks by their
 * ids, then restricted ones (policy/registry.go).
 *
 * @param minor of the standard's version, 1.x
 */
export function breaches(pod: PodLike, level: StandardLevel, minor: number): Breach[] {
  const inForce = CHECKS.filter(({ since }) => since <= minor);
  const restricted = level === 'restricted' ? inForce.filter((check) => check.level === 'restricted') : [];
  const overridden = restricted.flatMap(({ overrides }) => overrides ?? []);
  const baseline = inForce.filter((check) => check.level === 'baseline' && !overridden.includes(check.id));
  return [...baseline, ...restricted].flatMap((check) => check.check(pod, minor) ?? []);
}
