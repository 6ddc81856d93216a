/** Who uses a pull secret. Pure. */
import type { Use } from './model.js';
import type { Release } from './helm.js';
import type { Account, Workload } from './objects.js';

/** Where it is, and what it is called. */
interface Place {
  namespace: string;
  name: string;
}

/**
 * Service accounts that name a Secret, and what pulls with it: by its own specification, or because its service account
 * hands it to pods that name none (kubernetes/kubernetes, plugin/pkg/admission/serviceaccount). What is controlled by
 * something that uses it too isn't told a second time, and what has ended pulls no more.
 */
export function usersOf(secret: Place, accounts: readonly Account[], workloads: readonly Workload[]): Use[] {
  const here = (one: { namespace: string }): boolean => one.namespace === secret.namespace;
  const naming = accounts.filter((account) => here(account) && account.secrets.includes(secret.name));
  const viaOf = (workload: Workload): string | undefined => {
    const account = naming.find(({ name }) => name === workload.serviceAccount);
    const handed = account?.secrets.join() === workload.secrets.join();
    if (account !== undefined && (workload.secrets.length === 0 || (handed && workload.kind === 'Pod')))
      return `service account ${account.name}`;
    return workload.secrets.includes(secret.name) ? 'imagePullSecrets' : undefined;
  };
  const using = new Map<string, { workload: Workload; via: string }>(
    workloads.flatMap((workload) => {
      const via = here(workload) && !workload.over ? viaOf(workload) : undefined;
      return via === undefined ? [] : [[`${workload.kind}/${workload.name}`, { workload, via }] as const];
    }),
  );
  return [
    ...naming.map((account) => asUse(account, 'imagePullSecrets')),
    ...[...using.values()]
      .filter(({ workload: { owner } }) => owner === undefined || !using.has(owner))
      .map(({ workload, via }) => asUse(workload, via)),
  ];
}

/** Helm releases of its namespace that name a Secret: in their values, else in what they were rendered to. */
export function releasesNaming(secret: Place, releases: readonly Release[]): Use[] {
  return releases.flatMap(({ kind, namespace, name, named, inManifest }) => {
    if (namespace !== secret.namespace) return [];
    const inValues = named.find((one) => one.name === secret.name);
    if (inValues === undefined && !inManifest.includes(secret.name)) return [];
    return [{ kind, namespace, name, via: inValues?.path ?? 'manifest', release: name }];
  });
}

function asUse({ kind, namespace, name, release }: Account | Workload, via: string): Use {
  return { kind, namespace, name, via, ...(release === undefined ? {} : { release }) };
}
