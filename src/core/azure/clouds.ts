/** The Azure clouds: who answers where, and for which audience tokens are asked. */
export interface Cloud {
  name: 'AzureCloud';
  /** Entra ID's authority. */
  authority: string;
  resourceManager: string;
  resourceManagerScope: string;
  registryScope: string;
  /** The AKS server application: audience of tokens for API servers with Entra integration. */
  kubernetesScope: string;
  /** Audience that federated credentials trust by default. */
  federationAudience: string;
}

/**
 * Sources: the AKS server application id is in https://azure.github.io/kubelogin/concepts/aks.html; the registry audience is
 * `recording: acr.login.expose-token.recording.json` (claim aud); the rest is in the cloud metadata of the Azure CLI.
 */
export const AZURE_CLOUD: Cloud = {
  name: 'AzureCloud',
  authority: 'https://login.microsoftonline.com',
  resourceManager: 'https://management.azure.com',
  resourceManagerScope: 'https://management.azure.com/.default',
  registryScope: 'https://containerregistry.azure.net/.default',
  kubernetesScope: '6dae42f8-4368-4678-94ff-3960e28e3630/.default',
  federationAudience: 'api://AzureADTokenExchange',
};
