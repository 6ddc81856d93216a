/** Names of GitHub's token service and of the audience that Entra asks for. */

/** Issuer of Actions' tokens (docs.github.com: about security hardening with OpenID Connect). */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

/** Host that a job asks for its token. Its name varies between jobs: run-actions-<n>-azure-<region>. */
export const GITHUB_TOKEN_HOST = 'run-actions-1-azure-eastus.actions.githubusercontent.com';

/** Audience of federated credentials (learn.microsoft.com: workload-identity-federation). */
export const TOKEN_EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';
