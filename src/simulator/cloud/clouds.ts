/**
 * The clouds that can be simulated: under which names each answers. A cloud knows nothing of the others.
 *
 * Names, resource managers, their audiences, Graph and suffixes: Azure/azure-cli, src/azure-cli-core/azure/cli/core/cloud.py.
 * Login hosts and their aliases: AzureAD/microsoft-authentication-library-for-js, AuthorityMetadata.ts. API servers:
 * https://learn.microsoft.com/azure/aks/outbound-rules-control-egress. Audiences of federated credentials:
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity. Issuers of
 * version 1.0 tokens: Azure/aks-engine, defaults-apiserver.go. That registries have the public cloud's audience everywhere:
 * Azure/azure-sdk-for-net issue 34785. That data endpoints have the same form under each registry suffix is an assumption.
 */
export interface CloudNames {
  /** The preferred login host; it and its aliases answer alike. */
  login: string;
  loginAliases: readonly string[];
  /** What MSAL keeps tokens under (instance discovery's preferred_cache). */
  loginCache: string;
  /** Issuer of access tokens of version 1.0, before the tenant. */
  tokenIssuer: string;
  resourceManager: string;
  /** The resource manager's own audience, as its clients are set up with. */
  resourceManagerAudience: string;
  microsoftGraph: string;
  registrySuffix: string;
  apiServerSuffix: string;
  storageSuffix: string;
  federationAudience: string;
}

export const CLOUDS = {
  AzureCloud: {
    login: 'login.microsoftonline.com',
    loginAliases: ['login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
    loginCache: 'login.windows.net',
    tokenIssuer: 'https://sts.windows.net',
    resourceManager: 'management.azure.com',
    resourceManagerAudience: 'https://management.core.windows.net',
    microsoftGraph: 'graph.microsoft.com',
    registrySuffix: 'azurecr.io',
    apiServerSuffix: 'azmk8s.io',
    storageSuffix: 'core.windows.net',
    federationAudience: 'api://AzureADTokenExchange',
  },
  AzureChinaCloud: {
    login: 'login.partner.microsoftonline.cn',
    loginAliases: ['login.chinacloudapi.cn'],
    loginCache: 'login.partner.microsoftonline.cn',
    tokenIssuer: 'https://sts.chinacloudapi.cn',
    resourceManager: 'management.chinacloudapi.cn',
    resourceManagerAudience: 'https://management.core.chinacloudapi.cn',
    microsoftGraph: 'microsoftgraph.chinacloudapi.cn',
    registrySuffix: 'azurecr.cn',
    apiServerSuffix: 'cx.prod.service.azk8s.cn',
    storageSuffix: 'core.chinacloudapi.cn',
    federationAudience: 'api://AzureADTokenExchangeChina',
  },
  AzureUSGovernment: {
    login: 'login.microsoftonline.us',
    loginAliases: ['login.usgovcloudapi.net'],
    loginCache: 'login.microsoftonline.us',
    tokenIssuer: 'https://sts.windows.net',
    resourceManager: 'management.usgovcloudapi.net',
    resourceManagerAudience: 'https://management.core.usgovcloudapi.net',
    microsoftGraph: 'graph.microsoft.us',
    registrySuffix: 'azurecr.us',
    apiServerSuffix: 'cx.aks.containerservice.azure.us',
    storageSuffix: 'core.usgovcloudapi.net',
    federationAudience: 'api://AzureADTokenExchangeUSGov',
  },
} as const satisfies Readonly<Record<string, CloudNames>>;

export type CloudName = keyof typeof CLOUDS;

/** Audiences that the resource manager takes, in the order in which ARM names them. */
export function resourceManagerAudiences({ cloud }: { cloud: CloudName }): string[] {
  const { resourceManager, resourceManagerAudience } = CLOUDS[cloud];
  return [resourceManagerAudience, `https://${resourceManager}`].flatMap((one) => [`${one}/`, one]);
}
