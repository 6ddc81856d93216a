/** The logins that hosts know. Each is a file of `sign-in/`. */
export { ambientCredential } from './sign-in/ambient.js';
export type { AmbientOptions } from './sign-in/ambient.js';
export {
  assertionCredential,
  clientCertificateCredential,
  clientSecretCredential,
} from './sign-in/application.js';
export type { ApplicationOptions, AssertionOptions, CertificateOptions } from './sign-in/application.js';
export { azureCliCredential } from './sign-in/azure-cli.js';
export type { AzureCliOptions } from './sign-in/azure-cli.js';
export { gitHubOidcCredential, ID_TOKEN_PERMISSION } from './sign-in/github-oidc.js';
export type { GitHubOidcOptions } from './sign-in/github-oidc.js';
export { managedIdentityCredential } from './sign-in/managed-identity.js';
export type { ManagedIdentityOptions } from './sign-in/managed-identity.js';
