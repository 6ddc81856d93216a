/** The Azure clouds: who answers where, and for which audience tokens are asked. */
export const CLOUD_NAMES = ['AzureCloud', 'AzureChinaCloud', 'AzureUSGovernment'] as const;
export type CloudName = (typeof CLOUD_NAMES)[number];

export interface Cloud {
  /** As the Azure CLI names it. */
  name: CloudName;
  /** Entra ID's authority. */
  authority: string;
  /** Other hosts under which the same Entra ID answers; what is configured elsewhere may name one of these. */
  authorityAliases: readonly string[];
  resourceManager: string;
  resourceManagerScope: string;
  microsoftGraph: string;
  microsoftGraphScope: string;
  /** What login servers end in. */
  registrySuffix: string;
  registryScope: string;
  /** Microsoft's own public registry, as it is reached from this cloud. */
  microsoftRegistry: string;
  /** The AKS server application: audience of tokens for API servers with Entra integration. */
  kubernetesScope: string;
  /** Audience that federated credentials trust by default. */
  federationAudience: string;
}

/**
 * Audiences that are the same in every cloud. The registries': `recording: acr.login.expose-token.recording.json` (claim
 * aud), and for every cloud Azure/azure-sdk-for-net issue 34785, as its maintainers had it from the service. The AKS
 * server application's: https://azure.github.io/kubelogin/concepts/aks.html ("always", in any environment).
 */
const EVERYWHERE = {
  registryScope: 'https://containerregistry.azure.net/.default',
  kubernetesScope: '6dae42f8-4368-4678-94ff-3960e28e3630/.default',
} as const;

/**
 * The one table of clouds. Names, resource managers, Graph and registry suffixes: Azure/azure-cli,
 * src/azure-cli-core/azure/cli/core/cloud.py. Authorities:
 * https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud; that China's goes by two names:
 * AzureAD/microsoft-authentication-library-for-js, AuthorityMetadata.ts. The resource manager's own address as an audience:
 * https://learn.microsoft.com/azure/developer/python/sdk/azure-sdk-sovereign-domain. Audiences of federated credentials:
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity.
 * Microsoft's public registry: microsoft/containerregistry, docs/mcr-endpoints-guidance.md (China has an endpoint of its own).
 */
export const CLOUDS: Readonly<Record<CloudName, Cloud>> = {
  AzureCloud: {
    ...EVERYWHERE,
    name: 'AzureCloud',
    authority: 'https://login.microsoftonline.com',
    authorityAliases: [],
    resourceManager: 'https://management.azure.com',
    resourceManagerScope: 'https://management.azure.com/.default',
    microsoftGraph: 'https://graph.microsoft.com',
    microsoftGraphScope: 'https://graph.microsoft.com/.default',
    registrySuffix: '.azurecr.io',
    microsoftRegistry: 'mcr.microsoft.com',
    federationAudience: 'api://AzureADTokenExchange',
  },
  AzureChinaCloud: {
    ...EVERYWHERE,
    name: 'AzureChinaCloud',
    authority: 'https://login.partner.microsoftonline.cn',
    authorityAliases: ['https://login.chinacloudapi.cn'],
    resourceManager: 'https://management.chinacloudapi.cn',
    resourceManagerScope: 'https://management.chinacloudapi.cn/.default',
    microsoftGraph: 'https://microsoftgraph.chinacloudapi.cn',
    microsoftGraphScope: 'https://microsoftgraph.chinacloudapi.cn/.default',
    registrySuffix: '.azurecr.cn',
    microsoftRegistry: 'mcr.azure.cn',
    federationAudience: 'api://AzureADTokenExchangeChina',
  },
  AzureUSGovernment: {
    ...EVERYWHERE,
    name: 'AzureUSGovernment',
    authority: 'https://login.microsoftonline.us',
    authorityAliases: [],
    resourceManager: 'https://management.usgovcloudapi.net',
    resourceManagerScope: 'https://management.usgovcloudapi.net/.default',
    microsoftGraph: 'https://graph.microsoft.us',
    microsoftGraphScope: 'https://graph.microsoft.us/.default',
    registrySuffix: '.azurecr.us',
    microsoftRegistry: 'mcr.microsoft.com',
    federationAudience: 'api://AzureADTokenExchangeUSGov',
  },
};

/** The cloud of a name as the Azure CLI and CI systems write it; undefined for a custom one, such as an Azure Stack's. */
export function cloudNamed(name: string): Cloud | undefined {
  return CLOUD_NAMES.filter((known) => known === name).map((known) => CLOUDS[known])[0];
}

/** The public cloud. */
export const AZURE_CLOUD: Cloud = CLOUDS.AzureCloud;
