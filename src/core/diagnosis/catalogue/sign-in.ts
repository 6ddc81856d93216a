/** Causes in the login of a run. */
import type { Causes } from '../cause.js';
import { command } from '../commands.js';
import { fix, say } from '../fixes.js';

const ENTRA_CODES = 'docs: entra/identity-platform/reference-error-codes';

export const SIGN_IN = {
  'aad-bad-secret': {
    title: 'the client secret is wrong',
    seen: 'AADSTS7000215.',
    why: "What was given is the secret's id, or a secret that was replaced.",
    fix: say(
      'Sign in without a secret, by a federated credential; or give the value of a secret that is there.',
    ),
    confirm: 'The sign-in succeeds.',
    sources: [ENTRA_CODES, 'Azure/login#503'],
  },
  'aad-secret-expired': {
    title: 'the client secret has expired',
    seen: 'AADSTS7000222.',
    why: 'Secrets of applications expire.',
    fix: say('Sign in without a secret, by a federated credential; or make a new one.'),
    confirm: 'The sign-in succeeds.',
    sources: [ENTRA_CODES, 'public run report'],
  },
  'aad-federated-no-match': {
    title: "no federated credential matches the job's token",
    seen: 'AADSTS70021, AADSTS700213, AADSTS7002138.',
    why: 'Issuer, subject and audience are compared letter by letter, also upper and lower case.',
    fix: say('Add a federated credential with exactly the subject that the message shows.'),
    confirm: 'The sign-in succeeds.',
    sources: [ENTRA_CODES, 'Azure/login#453', 'Azure/login#517'],
  },
  'aad-user-not-found': {
    title: 'the user is not in that tenant',
    seen: 'AADSTS50034.',
    why: 'The tenant is another one, or the user was not invited.',
    fix: () =>
      fix(
        'Sign in to the right tenant.',
        command('az', 'account', 'list', '--query', '[].tenantId', '-o', 'tsv'),
      ),
    confirm: 'The sign-in succeeds.',
    sources: [ENTRA_CODES],
  },
  'aad-app-not-found': {
    title: 'the application is not in that tenant',
    seen: 'AADSTS700016.',
    why: 'The client id is none of an application in this tenant; often it is an object id, or the tenant is another.',
    fix: say(
      "Compare the client id with the application's overview page, and the tenant id with its tenant.",
    ),
    confirm: 'The sign-in succeeds.',
    sources: [ENTRA_CODES],
  },
  'not-signed-in': {
    title: 'nobody is signed in to Azure',
    seen: 'The run stops before anything is asked of Azure, or Azure answers 401.',
    why: 'The step found no login it could use, or the login was refused.',
    fix: say('Sign in before this step: azure/login, or client-id and tenant-id with id-token: write.'),
    confirm: 'The next run signs in.',
    sources: ['docs: @azure/identity troubleshooting', 'docs: Azure/login readme'],
  },
  'azure-cli-missing': {
    title: 'the Azure CLI is not on this machine',
    seen: '"az: command not found", or the run says that there is no Azure CLI.',
    why: "No client-id was given, so the Azure CLI's login is used, and there is no Azure CLI on the PATH.",
    fix: say(
      'Give client-id and tenant-id with id-token: write, or install the Azure CLI and sign in before this step.',
    ),
    confirm: 'az version prints a version in the same step.',
    sources: ['docs: @azure/identity troubleshooting'],
  },
  'id-token-permission-missing': {
    title: 'the job may not ask GitHub for an OIDC token',
    seen: 'The job has no ACTIONS_ID_TOKEN_REQUEST_URL.',
    why: "GitHub gives a job the address of its token service only with the permission id-token: write; a workflow's permissions replace all defaults.",
    fix: say('Add to the job: permissions: {id-token: write, contents: read}.'),
    confirm: 'The next run signs in.',
    sources: ['docs: docs.github.com security-for-github-actions/oidc'],
  },
  'id-token-refused': {
    title: 'the CI system gave no OIDC token',
    seen: "An error status of the CI system's own token service.",
    why: "The CI system's own token service refused or failed, before Azure was asked.",
    fix: say(
      'Run the job again. GitHub never gives one for pull requests from forks; Azure Pipelines gives one only to pipelines that may use the service connection.',
    ),
    confirm: 'The next run signs in.',
    sources: ['docs: docs.github.com security-for-github-actions/oidc'],
  },
  'sign-in-unreachable': {
    title: 'the sign-in service cannot be reached',
    seen: 'A time-out or a refused connection to login.microsoftonline.com or to the token service.',
    why: 'No answer came from Entra ID or from the token service of the CI system: the network, a proxy or a firewall on the way from here.',
    fix: say('Check the network, HTTPS_PROXY and the CA certificates of the machine that runs this.'),
    confirm: 'The next run signs in.',
    sources: ['docs: @azure/identity troubleshooting'],
  },
  'federated-credential-mismatch': {
    title: 'no federated credential of the application matches the token',
    seen: 'AADSTS70021, AADSTS700211, AADSTS700213, AADSTS7002138.',
    why: "Entra compares issuer, subject and audience of the CI system's token with the application's federated credentials, letter by letter.",
    fix: say(
      'Give the application a federated credential with exactly the issuer, subject and audience that the message shows.',
    ),
    confirm: 'The next run signs in.',
    sources: [
      'docs: entra/identity-platform/reference-error-codes',
      'Azure/login#515',
      'Azure/azure-workload-identity#1200',
    ],
  },
  'application-not-found': {
    title: 'the application is not in that tenant',
    seen: 'AADSTS700016, AADSTS7000229.',
    why: 'client-id is not the application (client) id of an application in tenant-id; often it is its object id.',
    fix: say("Compare client-id with the application's overview page, and tenant-id with its tenant."),
    confirm: 'The next run signs in.',
    sources: [
      'docs: entra/identity-platform/reference-error-codes',
      'recording: errors.quoted-in-public-docs.json',
    ],
  },
  'tenant-not-found': {
    title: 'the tenant does not exist',
    seen: 'AADSTS90002.',
    why: 'Entra knows no tenant of that id.',
    fix: () =>
      fix('Look at tenant-id.', command('az', 'account', 'show', '--query', 'tenantId', '-o', 'tsv')),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'client-secret-refused': {
    title: "the login's client secret is wrong or has expired",
    seen: 'AADSTS7000215, AADSTS7000222.',
    why: 'The sign-in before this step used a client secret that Entra no longer takes.',
    fix: say('Sign in without a secret: give the application a federated credential.'),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'client-certificate-refused': {
    title: "the login's certificate is not one that the application has",
    seen: 'AADSTS700027, AADSTS7000214.',
    why: 'The certificate is not registered with the application, is no longer valid, or came without its private key.',
    fix: say(
      'Add the certificate to the application, and give it here with its private key, both as PEM; or sign in without one, by a federated credential.',
    ),
    confirm: 'The next run signs in.',
    sources: [
      'docs: entra/identity-platform/reference-error-codes',
      'AzureAD/microsoft-identity-web: CertificateReloadLogicTests.cs',
    ],
  },
  'sign-in-variables-incomplete': {
    title: 'the variables of a login are incomplete',
    seen: 'Some of AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_CLIENT_SECRET and the like are set, and others not.',
    why: 'A secret, certificate or token file is set for the login, but the variables that belong to it are not, or the file cannot be read.',
    fix: say(
      'Set AZURE_TENANT_ID and AZURE_CLIENT_ID beside AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE; or unset all of them.',
    ),
    confirm: 'The next run signs in.',
    sources: ['docs: @azure/identity troubleshooting'],
  },
  'managed-identity-missing': {
    title: 'this machine gives no managed identity',
    seen: 'A time-out of 169.254.169.254, or "Identity not found" from this machine.',
    why: 'The metadata service of the machine did not answer, or knows no such identity.',
    fix: say(
      'Assign the identity to the machine, and name it by its client id where there are several; elsewhere than in Azure, sign in another way.',
    ),
    confirm: 'The next run signs in.',
    sources: ['docs: managed-identities how-to-use-vm-token'],
  },
  'cloud-mismatch': {
    title: 'the login belongs to another Azure cloud',
    seen: 'AADSTS90038, AADSTS900432, or a login of another cloud.',
    why: 'The run is for one cloud (input environment), and the login is in another: tokens of one are worth nothing in the other.',
    fix: say('Give the environment that the cluster, the registry and the login are in.'),
    confirm: 'az cloud show --query name prints the cloud of the run.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'cloud-not-supported': {
    title: 'the login belongs to a custom Azure cloud',
    seen: 'A custom endpoint in the login or the service connection.',
    why: "Tokens go to the hosts of Azure's public and national clouds alone, so custom endpoints, such as an Azure Stack's, can't be used.",
    fix: () =>
      fix("Sign in to one of Azure's own clouds.", command('az', 'cloud', 'set', '--name', 'AzureCloud')),
    confirm: 'The next run signs in.',
    sources: ['docs: azure-stack az cloud register'],
  },
  'assertion-expired': {
    title: 'the token that the login began with has expired',
    seen: 'AADSTS700024.',
    why: 'A federated login of the Azure CLI can get tokens for new audiences only while the token it began with lives: minutes.',
    fix: say(
      'Sign in right before this step, or give client-id and tenant-id to this step: it asks for a fresh token whenever it needs one.',
    ),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes', 'Azure/login#372'],
  },
  'login-expired': {
    title: 'the login has expired',
    seen: 'AADSTS70043, AADSTS700082, AADSTS50173.',
    why: 'Entra wants the user to sign in again.',
    fix: () => fix('Sign in again.', command('az', 'login')),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'conditional-access': {
    title: 'a Conditional Access policy stands in the way',
    seen: 'AADSTS53003, AADSTS50076, AADSTS530034.',
    why: 'A policy of the tenant asks for more than this login has shown.',
    fix: say("Ask the tenant's administrators which policy it is."),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'application-disabled': {
    title: 'the application is disabled',
    seen: 'AADSTS7000112.',
    why: 'The application that signs in was disabled in the tenant.',
    fix: say('Enable it in Entra, or sign in as another.'),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'resource-not-in-tenant': {
    title: 'the tenant does not know the service that a token was asked for',
    seen: 'AADSTS500011, AADSTS650052.',
    why: 'The login is in another tenant than the cluster or the registry, or the service was never used there.',
    fix: say('Sign in to the tenant that the cluster and the registry belong to.'),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
  'sign-in-refused': {
    title: 'the sign-in was refused',
    seen: 'Another AADSTS code, which stands in the message.',
    why: 'Entra refused for a reason that is none of the known ones; its own words stand beside it.',
    fix: say(
      "Look the code up at https://login.microsoftonline.com/error and at the application's sign-in logs.",
    ),
    confirm: 'The next run signs in.',
    sources: ['docs: entra/identity-platform/reference-error-codes'],
  },
} as const satisfies Causes;
