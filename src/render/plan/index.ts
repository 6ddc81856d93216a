/** What connect would write, in four languages. The same report gives the same bytes. */
import { canonicalId, parseArmId } from '../../core/azure/arm-id.js';
import type { PlannedGrant, Report } from '../../core/report.js';
import { armTemplate } from './arm-json.js';
import { azCommands, azScript } from './az.js';
import { bicepFile } from './bicep.js';
import { terraformFile } from './terraform.js';

/** A grant that is missing. */
export interface Planned {
  grant: PlannedGrant;
  /** The cluster whose kubelet identity it is for, where its id can be asked for by the cluster's name. */
  cluster?: { id: string; name: string; resourceGroup: string };
}

/** What one deployment writes: deployments belong to a resource group. */
export interface Deployment {
  subscriptionId: string;
  resourceGroup: string;
  planned: readonly Planned[];
}

export interface PlanFile {
  /** Without a folder. */
  name: string;
  text: string;
  /** As Markdown's code blocks name it. */
  language: string;
}

/** Every missing grant of a report, each once: clusters may share an identity. In the order of their ids. */
export function plannedOf({ connections }: Report): Planned[] {
  const planned = new Map<string, Planned>();
  for (const { plan = [], cluster, identity } of connections) {
    const parts = identity.kind === 'managed-identity' ? parseArmId(cluster.id) : undefined;
    for (const grant of plan) {
      const key = `${canonicalId(grant.scope)}/${grant.name}`;
      if (planned.has(key)) continue;
      const known =
        parts === undefined
          ? {}
          : { cluster: { id: cluster.id, name: parts.name, resourceGroup: parts.resourceGroup } };
      planned.set(key, { grant, ...known });
    }
  }
  return [...planned].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value);
}

/** The az commands as they can be pasted where ids are masked; none when nothing is missing. */
export function planCommands(report: Report): string[] {
  return azCommands(plannedOf(report)).map(({ pasteable }) => pasteable);
}

/** The files of a plan; none when nothing is missing. */
export function planFiles(report: Report): PlanFile[] {
  const planned = plannedOf(report);
  if (planned.length === 0) return [];
  const deployments = deploymentsOf(planned);
  return [
    { name: 'grants.sh', language: 'sh', text: azScript(planned) },
    ...deployments.map((deployment) => {
      const name = `${stem(deployment, deployments)}.bicep`;
      return { name, language: 'bicep', text: bicepFile(deployment, name) };
    }),
    { name: 'grants.tf', language: 'hcl', text: terraformFile(planned) },
    ...deployments.map((deployment) => ({
      name: `${stem(deployment, deployments)}.json`,
      language: 'json',
      text: armTemplate(deployment),
    })),
  ];
}

function deploymentsOf(planned: readonly Planned[]): Deployment[] {
  const groups = new Map<string, Deployment & { planned: Planned[] }>();
  for (const one of planned) {
    const { subscriptionId = '', resourceGroup = '' } = parseArmId(one.grant.scope) ?? {};
    const key = `${subscriptionId}/${resourceGroup}`.toLowerCase();
    const group = groups.get(key) ?? { subscriptionId, resourceGroup, planned: [] };
    group.planned.push(one);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** `grants`; with as much of the resource group's id as tells several apart. */
function stem({ subscriptionId, resourceGroup }: Deployment, all: readonly Deployment[]): string {
  if (all.length === 1) return 'grants';
  const several = new Set(all.map((one) => one.subscriptionId.toLowerCase())).size > 1;
  return ['grants', ...(several ? [subscriptionId] : []), resourceGroup].join('.').toLowerCase();
}
