/** Names of Azure DevOps' token service, and the forms of its issuers and subjects. */

/** Where an organization of Azure DevOps Services is (https://learn.microsoft.com/azure/devops/extend/develop/work-with-urls). */
export const AZURE_DEVOPS_HOST = 'dev.azure.com';

/** Azure DevOps' own issuer, which older service connections trust. */
export const AZURE_DEVOPS_ISSUER_HOST = 'vstoken.dev.azure.com';

/** Azure DevOps' application in every tenant (https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/entra). */
const AZURE_DEVOPS_APPLICATION = '499b84ac-1321-427f-aa17-267ca6975798';

/** What a service connection's tokens name. */
export interface ServiceConnectionNames {
  organization: string;
  organizationId: string;
  project: string;
  connection: string;
  connectionId: string;
  tenantId: string;
}

/**
 * The two forms that are documented: Entra's issuer, of connections made since November 2025, and Azure DevOps' own
 * (https://learn.microsoft.com/azure/devops/pipelines/release/convert-service-connections and
 * https://learn.microsoft.com/azure/devops/pipelines/release/configure-workload-identity).
 */
export const ISSUERS = {
  entra: {
    issuer: ({ tenantId }: ServiceConnectionNames) => `https://login.microsoftonline.com/${tenantId}/v2.0`,
    subject: ({ tenantId, organizationId, connectionId }: ServiceConnectionNames) =>
      `/eid1/c/pub/t/${encodedGuid(tenantId)}/a/${encodedGuid(AZURE_DEVOPS_APPLICATION)}/sc/${organizationId}/${connectionId}`,
  },
  'azure-devops': {
    issuer: ({ organizationId }: ServiceConnectionNames) =>
      `https://${AZURE_DEVOPS_ISSUER_HOST}/${organizationId}`,
    subject: ({ organization, project, connection }: ServiceConnectionNames) =>
      `sc://${organization}/${project}/${connection}`,
  },
} as const;

export type AzurePipelinesIssuer = keyof typeof ISSUERS;

/** A GUID's sixteen bytes as .NET orders them, in base64url. */
function encodedGuid(guid: string): string {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  return Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ]).toString('base64url');
}
