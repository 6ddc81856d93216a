/**
 * ARM's errors, each once: code, status and text. Unless a source stands beside it, an error is recorded
 * (recordings: errors.404-500.mc-acr.json, roleAssignments.4xx files).
 */
import { CLOUDS } from '../cloud/clouds.js';
import type { CloudState } from '../cloud/model.js';
import type { Answer } from '../net/exchange.js';

/** An error of ARM or of a resource provider. */
export class ArmError extends Error {
  override readonly name = 'ArmError';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly more: {
      headers?: Record<string, string>;
      /** Providers' own errors come without the `error` envelope. */
      bare?: boolean;
      /** Which resource is meant, where the error says so beside its text. */
      target?: string;
    } = {},
  ) {
    super(message);
  }
}

/** Errors that ARM's front answers itself say so, and carry no rate-limit header. */
const FROM_GATEWAY = { headers: { 'x-ms-failure-cause': 'gateway' } };

export function resourceNotFound(type: string, name: string, resourceGroup: string): ArmError {
  return new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
    FROM_GATEWAY,
  );
}

export function resourceGroupNotFound(resourceGroup: string): ArmError {
  return new ArmError(
    404,
    'ResourceGroupNotFound',
    `Resource group '${resourceGroup}' could not be found.`,
    FROM_GATEWAY,
  );
}

/** https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors */
export function subscriptionNotFound(subscription: string): ArmError {
  return new ArmError(
    404,
    'SubscriptionNotFound',
    `The subscription '${subscription}' could not be found.`,
    FROM_GATEWAY,
  );
}

/** Quoted in many public threads on subscriptions that moved, or belong to another tenant than the login. */
export function wrongTenant(subscriptionTenant: string, directory: Directory): ArmError {
  const { tenantId, cloud } = directory;
  const login = `https://${CLOUDS[cloud].login}/${subscriptionTenant}`;
  const message = `The access token is from the wrong issuer 'https://sts.windows.net/${tenantId}/'. It must match the tenant 'https://sts.windows.net/${subscriptionTenant}/' associated with this subscription. Please use the authority (URL) '${login}' to get the token. Note, if the subscription is transferred to another tenant there is no impact to the services, but information about new tenant could take time to propagate (up to an hour). If you just transferred your subscription and see this error message, please try back later.`;
  return unauthenticated('InvalidAuthenticationTokenTenant', message, {
    cloud,
    tenantId: subscriptionTenant,
  });
}

/** https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors */
export function invalidSubscriptionId(subscription: string): ArmError {
  return new ArmError(
    400,
    'InvalidSubscriptionId',
    `The provided subscription identifier '${subscription}' is malformed or invalid.`,
    FROM_GATEWAY,
  );
}

/** Text: quoted widely for requests without the parameter. */
export function missingApiVersion(): ArmError {
  return new ArmError(
    400,
    'MissingApiVersionParameter',
    'The api-version query parameter (?api-version=) is required for all requests.',
    FROM_GATEWAY,
  );
}

/**
 * @param client the user's name or the application's client id
 * @param unmetCondition the caller has the right under a condition that isn't met (recording: errors.quoted-in-public-docs.json)
 */
export function authorizationFailed(
  client: string,
  objectId: string,
  action: string,
  scope: string,
  unmetCondition: boolean,
): ArmError {
  const lacks = unmetCondition
    ? 'has an authorization with ABAC condition that is not fulfilled'
    : 'does not have authorization';
  return new ArmError(
    403,
    'AuthorizationFailed',
    `The client '${client}' with object id '${objectId}' ${lacks} to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
    FROM_GATEWAY,
  );
}

/** Assumption: what Microsoft Graph refuses is passed on as it stands. */
export function directoryDenied(): ArmError {
  return new ArmError(
    403,
    'Authorization_RequestDenied',
    'Insufficient privileges to complete the operation.',
  );
}

export function roleAssignmentExists(): ArmError {
  return new ArmError(409, 'RoleAssignmentExists', 'The role assignment already exists.');
}

/** recording: errors.quoted-in-public-docs.json */
export function roleAssignmentUpdateNotPermitted(): ArmError {
  return new ArmError(
    400,
    'RoleAssignmentUpdateNotPermitted',
    'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
  );
}

/** Versions before 2022-04-01 say only the first sentence. */
export function principalNotFound(principalId: string, tenantId: string, apiVersion: string): ArmError {
  const advice =
    apiVersion < '2022-04-01'
      ? ''
      : ' Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype';
  return new ArmError(
    400,
    'PrincipalNotFound',
    `Principal ${undashed(principalId)} does not exist in the directory ${tenantId}.${advice}`,
  );
}

/** The misspelt word is Azure's. */
export function unmatchedPrincipalType(principalId: string, actual: string, given: string): ArmError {
  return new ArmError(
    400,
    'UnmatchedPrincipalType',
    `The PrincipalId '${undashed(principalId)}' has type '${actual}' , which is different from specified PrinciaplType '${given}'.`,
  );
}

/**
 * Code and text are quoted in public deployment logs and Azure PowerShell's tests; that a definition which is read
 * answers 404 is seen there too, and that one which is assigned does so as well is an assumption.
 */
export function roleDefinitionDoesNotExist(role: string): ArmError {
  return new ArmError(
    404,
    'RoleDefinitionDoesNotExist',
    `The specified role definition with ID '${undashed(role)}' does not exist.`,
  );
}

/** Assumption: code and text are not recorded; a 404 is documented (role-assignments REST reference). */
export function roleAssignmentNotFound(name: string): ArmError {
  return new ArmError(404, 'RoleAssignmentNotFound', `The role assignment '${name}' is not found.`);
}

/** Quoted in https://learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad; its form without the envelope is an assumption. */
export function localAccountsDisabled(): ArmError {
  return new ArmError(
    400,
    'BadRequest',
    'Getting static credential is not allowed because this cluster is set to disable local accounts.',
    { bare: true },
  );
}

type Directory = Pick<CloudState, 'cloud' | 'tenantId'>;

/**
 * A token that ARM refuses. Codes and texts as quoted in public threads on each code; the challenge's form as ARM's
 * clients parse it (authorization_uri, error, error_description). Which texts go together is an assumption.
 */
export function unauthenticated(code: string, message: string, { cloud, tenantId }: Directory): ArmError {
  return new ArmError(401, code, message, {
    headers: {
      'x-ms-failure-cause': 'gateway',
      'www-authenticate': `Bearer authorization_uri="https://${CLOUDS[cloud].login}/${tenantId}", error="invalid_token", error_description="${message}"`,
    },
  });
}

/** Assumption: code and text are not recorded; a 404 is documented (deployments REST reference). */
export function deploymentNotFound(name: string): ArmError {
  return new ArmError(404, 'DeploymentNotFound', `Deployment '${name}' could not be found.`, FROM_GATEWAY);
}

/** Quoted in public threads on templates with role assignments; its status is an assumption. */
export function unauthorizedTemplateResource(
  name: string,
  type: string,
  client: string,
  objectId: string,
  { action, scope }: { action: string; scope: string },
): ArmError {
  return new ArmError(
    403,
    'InvalidTemplateDeployment',
    `The template deployment failed with error: 'Authorization failed for template resource '${name}' of type '${type}'. The client '${client}' with object id '${objectId}' does not have permission to perform action '${action}' at scope '${scope}'.'.`,
  );
}

/** Quoted in public threads on failed deployments. */
export function deploymentFailed(): { code: string; message: string } {
  return {
    code: 'DeploymentFailed',
    message:
      'At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.',
  };
}

/** Quoted in public threads on node resource group lockdown, managed applications and deployment stacks. */
export function denyAssignmentAuthorizationFailed(
  client: string,
  objectId: string,
  { action, scope }: { action: string; scope: string },
  deny: { name: string; displayName: string; scope: string },
): ArmError {
  return new ArmError(
    403,
    'DenyAssignmentAuthorizationFailed',
    `The client '${client}' with object id '${objectId}' has permission to perform action '${action}' on scope '${scope}'; however, the access is denied because of the deny assignment with name '${deny.displayName}' and Id '${undashed(deny.name)}' at scope '${deny.scope}'.`,
    FROM_GATEWAY,
  );
}

/**
 * Quoted in public threads for deletes and writes. That several scopes are joined by a comma is an assumption.
 *
 * @param scope id of what was to be changed
 */
export function scopeLocked(
  scope: string,
  operation: 'write' | 'delete',
  locked: readonly string[],
): ArmError {
  return new ArmError(
    409,
    'ScopeLocked',
    `The scope '${scope}' cannot perform ${operation} operation because following scope(s) are locked: '${locked.join(',')}'. Please remove the lock and try again.`,
    FROM_GATEWAY,
  );
}

/** Form: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-policy-requestdisallowedbypolicy and quoted in public threads. */
export function requestDisallowedByPolicy(
  resource: string,
  policies: readonly { policyAssignment: object; policyDefinition: object }[],
): ArmError {
  return new ArmError(
    403,
    'RequestDisallowedByPolicy',
    `Resource '${resource}' was disallowed by policy. Policy identifiers: '${JSON.stringify(policies)}'.`,
    { ...FROM_GATEWAY, target: resource },
  );
}

/**
 * https://learn.microsoft.com/azure/role-based-access-control/troubleshooting names the code and this text, followed by
 * the code; status and the text's closing stop are an assumption.
 */
export function roleAssignmentLimitExceeded(): ArmError {
  return new ArmError(400, 'RoleAssignmentLimitExceeded', 'No more role assignments can be created.');
}

/**
 * Text: https://learn.microsoft.com/azure/role-based-access-control/conditions-troubleshoot; status: Azure/azure-cli issue
 * 15683. The code is an assumption.
 */
export function conditionInvalid(): ArmError {
  return new ArmError(400, 'BadRequest', 'The given role assignment condition is invalid.');
}

/** Code and text are quoted in public deployment logs; the status is an assumption. */
export function readOnlyDisabledSubscription(subscription: string): ArmError {
  return new ArmError(
    409,
    'ReadOnlyDisabledSubscription',
    `The subscription '${subscription}' is disabled and therefore marked as read only. You cannot perform any write actions on this subscription until it is re-enabled.`,
    FROM_GATEWAY,
  );
}

/** Assumption: code and text are not recorded; a 404 is documented (deny-assignments REST reference). */
export function denyAssignmentNotFound(name: string): ArmError {
  return new ArmError(404, 'DenyAssignmentNotFound', `The deny assignment '${name}' is not found.`);
}

/** Assumption: code and text; operations are forgotten after a day, and a 404 is what clients take for that. */
export function operationNotFound(operation: string): ArmError {
  return new ArmError(404, 'NotFound', `The operation '${operation}' was not found.`);
}

/**
 * An import that failed. The sentence's beginning is quoted in public threads on `az acr import`; code, status and what
 * follows are an assumption.
 */
export function importFailed(operation: string, registry: string, why: string): ArmError {
  return new ArmError(
    400,
    'BadRequest',
    `Operation registries-${operation} failed. Resource ${registry} ${why}`,
  );
}

/** Code and text are quoted in public threads on `az acr import`. @param image `repository:tag` */
export function tagExists(operation: string, registry: string, image: string): ArmError {
  return new ArmError(
    409,
    'Conflict',
    `Operation registries-${operation} failed. Resource ${registry} Tag ${image} already exists in target registry.`,
  );
}

/** The answer that an error is. */
export function errorAnswer({ status, code, message, more }: ArmError): Answer {
  const error = { code, ...(more.target === undefined ? {} : { target: more.target }), message };
  return {
    status,
    headers: { ...more.headers },
    body: JSON.stringify(more.bare === true ? error : { error }),
  };
}

function undashed(guid: string): string {
  return guid.replaceAll('-', '');
}
