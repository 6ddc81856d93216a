/** A small cloud without a network: services answer each other directly, and tests speak to them the same way. */
import { X509Certificate } from 'node:crypto';
import { createRegistries } from '../../../src/simulator/acr/index.js';
import { decide } from '../../../src/simulator/cloud/rbac.js';
import { loadScenario } from '../../../src/simulator/cloud/scenario.js';
import type { CloudState, ManagedCluster, Principal, Registry } from '../../../src/simulator/cloud/model.js';
import type { CertificateAuthority, SimulatorContext } from '../../../src/simulator/context.js';
import { createTokenIssuer } from '../../../src/simulator/entra/tokens.js';
import { createApiServers } from '../../../src/simulator/kubernetes/index.js';
import type { ApiServers } from '../../../src/simulator/kubernetes/index.js';
import { createAuthority } from '../../../src/simulator/net/authority.js';
import type { Exchange, Service } from '../../../src/simulator/net/exchange.js';

export const ROLES = {
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
  acrPush: '8311e382-0749-4cb8-b61a-304f252e45ec',
  repositoryReader: 'b93aa761-3e63-49ed-ac28-beffa264f7ac',
  catalogLister: 'bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7',
  aksReader: '7f6c6a51-bcf8-42ba-9220-52d62157d7db',
  aksWriter: 'a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb',
} as const;

const SCENARIO = `
name: test
grantDelay: 0s
identities:
  - name: deployer
    secrets: [a-secret-of-the-test]
clusters:
  - name: shop
    resourceGroup: shop-rg
    location: westeurope
    pools:
      - name: system
        mode: System
        taints: ['CriticalAddonsOnly=true:NoSchedule']
      - name: apps
      - name: arm
        architecture: arm64
registries:
  - name: contoso
    resourceGroup: registry-rg
    location: westeurope
    mode: legacy
    repositories:
      - name: shop/web
        images:
          - { tag: '1.4.2', platforms: [linux/amd64, linux/arm64] }
          - { tag: arm-only, platforms: [linux/arm64] }
          - { tag: single, platforms: [linux/amd64], index: false }
      - name: shop/api
        images:
          - { tag: '2.0', platforms: [linux/amd64, linux/arm64] }
`;

export interface Reply {
  status: number;
  headers: Record<string, string>;
  text: string;
  note: Exchange['note'];
}

/** What a node gets for a request. */
export type DialAnswer = Awaited<ReturnType<SimulatorContext['dial']>>;

/** One request that a node made, for counting. */
export interface Dialled {
  method: string;
  host: string;
  path: string;
  status: number;
  authorization: string;
}

export class TestCloud {
  readonly dialled: Dialled[] = [];
  /** Replaces the network for one host: throw what a socket would. */
  readonly broken = new Map<string, (exchange: Exchange) => Promise<DialAnswer>>();
  private constructor(
    readonly state: CloudState,
    readonly context: SimulatorContext,
    readonly registries: Service,
    readonly servers: ApiServers,
    readonly clusterAuthority: CertificateAuthority,
  ) {}

  static async start(change: (state: CloudState) => void = () => undefined): Promise<TestCloud> {
    const { state } = loadScenario(SCENARIO, Date.now());
    change(state);
    const [tokens, publicAuthority, clusterAuthority] = await Promise.all([
      createTokenIssuer(state, Date.now),
      createAuthority('public'),
      createAuthority('cluster'),
    ]);
    let cloud: TestCloud | undefined = undefined;
    const context: SimulatorContext = {
      state,
      tokens,
      now: Date.now,
      decide: (question) => decide(state, question, Date.now()),
      publicAuthority,
      clusterAuthority: async () => clusterAuthority,
      dial: (url, request) => (cloud as unknown as TestCloud).dial(url, request),
    };
    cloud = new TestCloud(
      state,
      context,
      createRegistries(context),
      createApiServers(context),
      clusterAuthority,
    );
    return cloud;
  }

  get cluster(): ManagedCluster {
    return first(this.state.clusters);
  }
  get registry(): Registry {
    return first(this.state.registries);
  }
  get kubelet(): Principal {
    const found = this.state.principals.find(
      (one) => one.objectId === this.cluster.kubeletIdentity?.objectId,
    );
    if (found === undefined) throw new Error('no kubelet identity');
    return found;
  }
  get deployer(): Principal {
    const found = this.state.principals.find((one) => one.name === 'deployer');
    if (found === undefined) throw new Error('no deployer');
    return found;
  }

  get registryId(): string {
    const { subscriptionId, resourceGroup, name } = this.registry;
    return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.ContainerRegistry/registries/${name}`;
  }

  get clusterId(): string {
    const { subscriptionId, resourceGroup, name } = this.cluster;
    return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${name}`;
  }

  grant(principal: Principal, role: string, scope = this.registryId, condition: string | null = null): void {
    this.state.roleAssignments.push({
      name: `00000000-0000-4000-8000-${String(this.state.roleAssignments.length).padStart(12, '0')}`,
      scope,
      roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${role}`,
      principalId: principal.objectId,
      principalType: 'ServicePrincipal',
      condition,
      conditionVersion: condition === null ? null : '2.0',
      description: null,
      createdOn: '',
      updatedOn: '',
      createdBy: null,
      updatedBy: null,
      effectiveAt: 0,
    });
  }

  exchange(
    url: string,
    init: {
      method?: string;
      headers?: Record<string, string>;
      body?: string;
      certificate?: X509Certificate;
      signal?: AbortSignal;
    } = {},
  ): Exchange {
    return {
      method: init.method ?? 'GET',
      url: new URL(url),
      headers: init.headers ?? {},
      body: Buffer.from(init.body ?? ''),
      signal: init.signal ?? new AbortController().signal,
      note: {},
      ...(init.certificate === undefined ? {} : { clientCertificate: init.certificate }),
    };
  }

  private async dial(
    url: string,
    request: { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal } = {},
  ): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
    const target = new URL(url);
    const replacement = this.broken.get(target.hostname);
    const exchange = this.exchange(url, request);
    if (replacement === undefined && !this.registries.serves(target.hostname)) {
      throw Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' });
    }
    const answer =
      replacement === undefined ? await this.registries.answer(exchange) : await replacement(exchange);
    this.dialled.push({
      method: exchange.method,
      host: target.hostname,
      path: target.pathname,
      status: answer.status,
      authorization: exchange.headers['authorization'] ?? '',
    });
    const { status, headers = {}, body = '' } = answer;
    return { status, headers, body: Buffer.from(body as string | Uint8Array) };
  }

  /** Asks a registry or blob host. */
  async registryRequest(url: string, init: Parameters<TestCloud['exchange']>[1] = {}): Promise<Reply> {
    const exchange = this.exchange(url, init);
    const { status, headers = {}, body = '' } = await this.registries.answer(exchange);
    return {
      status,
      headers,
      text: Buffer.from(body as string | Uint8Array).toString(),
      note: exchange.note,
    };
  }

  private administrator: Promise<X509Certificate> | undefined;

  /** Asks the API server, by default as the local administrator. */
  async api(
    method: string,
    path: string,
    body?: object,
    init: { headers?: Record<string, string>; anonymous?: boolean; signal?: AbortSignal } = {},
  ): Promise<Reply & { json: Json }> {
    this.administrator ??= this.clusterAuthority
      .client('masterclient', ['system:masters'])
      .then(({ certificate }) => new X509Certificate(certificate));
    const certificate =
      init.anonymous === true || init.headers?.['authorization'] !== undefined
        ? undefined
        : await this.administrator;
    const exchange = this.exchange(`https://${this.cluster.fqdn}${path}`, {
      method,
      headers: { ...init.headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(certificate === undefined ? {} : { certificate }),
      ...(init.signal === undefined ? {} : { signal: init.signal }),
    });
    const answer = await this.servers.answer(exchange);
    const text = typeof answer.body === 'string' ? answer.body : '';
    return {
      status: answer.status,
      headers: answer.headers ?? {},
      text,
      note: exchange.note,
      json: (text.startsWith('{') ? JSON.parse(text) : {}) as Json,
    };
  }

  /** The events of a watch, as they come. */
  async *watch(
    path: string,
    signal?: AbortSignal,
    headers: Record<string, string> = {},
  ): AsyncGenerator<{ type: string; object: Json }> {
    this.administrator ??= this.clusterAuthority
      .client('masterclient', ['system:masters'])
      .then(({ certificate }) => new X509Certificate(certificate));
    const exchange = this.exchange(`https://${this.cluster.fqdn}${path}`, {
      headers,
      certificate: await this.administrator,
      ...(signal === undefined ? {} : { signal }),
    });
    const { body = '' } = await this.servers.answer(exchange);
    for await (const chunk of body as AsyncIterable<string>)
      yield JSON.parse(chunk) as { type: string; object: Json };
  }

  /** Waits until an API answer satisfies something. */
  async until(path: string, satisfied: (json: Json) => boolean, timeoutMs = 15_000): Promise<Json> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const { json } = await this.api('GET', path);
      if (satisfied(json)) return json;
      if (Date.now() > end) throw new Error(`never satisfied: ${JSON.stringify(json)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  stop(): void {
    this.servers.stop();
  }
}

/** Loosely typed answers: what a test looks at, it names. */
export interface Json {
  kind?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: { causes?: { message: string; field: string }[] };
  metadata: {
    name: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    labels?: Record<string, string>;
    finalizers?: string[];
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    ownerReferences?: { uid: string; kind: string }[];
    continue?: string;
    annotations?: Record<string, string>;
  };
  spec: Record<string, unknown>;
  status?: {
    phase?: string;
    allowed?: boolean;
    failed?: number;
    active?: number;
    startTime?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: {
      image: string;
      imageID: string;
      restartCount: number;
      state: {
        waiting?: { reason: string; message?: string };
        running?: object;
        terminated?: { reason: string; exitCode: number; message?: string };
      };
    }[];
  };
  items: Json[];
  involvedObject?: { name: string; kind: string };
  type?: string;
  count?: number;
}

/** A Job as small as a probe: one pod that names a program that isn't there. */
export function probeJob(name: string, image: string, change: { pod?: object; job?: object } = {}): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          nodeSelector: { agentpool: 'apps' },
          containers: [{ name: 'check', image, command: ['/nonexistent'], imagePullPolicy: 'Always' }],
          ...change.pod,
        },
      },
      ...change.job,
    },
  };
}

export function first<T>(list: readonly T[]): T {
  const [one] = list;
  if (one === undefined) throw new Error('nothing there');
  return one;
}
